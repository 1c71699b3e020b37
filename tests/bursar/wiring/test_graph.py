"""Services rise after those they need."""

from __future__ import annotations

import pytest

from bursar.errors import FailedPrecondition
from bursar.wiring.graph import rising_order
from bursar.wiring.module import Ground, Module, Peers, Service


def never_built(ground: Ground, peers: Peers) -> Service:
    raise AssertionError("ordering builds nothing")


def module(name: str, *needs: str) -> Module:
    return Module(name, needs, never_built)


def test_each_service_rises_after_those_it_needs():
    order = rising_order([module("executor", "quota", "cache"), module("cache"), module("quota")])

    assert [risen.name for risen in order] == ["quota", "cache", "executor"]


def test_what_is_hosted_elsewhere_does_not_hold_anyone_up():
    assert [risen.name for risen in rising_order([module("executor", "quota")])] == ["executor"]


def test_a_circle_is_refused_with_its_path():
    with pytest.raises(FailedPrecondition, match="a -> b -> a"):
        rising_order([module("a", "b"), module("b", "a")])
