"""Who does which part of a task: the plan's candidates, matched with what is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2

MODEL_TIERS = (
    ledger_pb2.BACKEND_TIER_LOCAL_MODEL,
    ledger_pb2.BACKEND_TIER_PAID_API,
    ledger_pb2.BACKEND_TIER_LOGIN_CLI,
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One backend and the capabilities it is used for."""

    backend_id: str
    target: ledger_pb2.Target
    capabilities: tuple[str, ...]

    @property
    def is_model(self) -> bool:
        return self.target.tier in MODEL_TIERS


@dataclass(frozen=True, slots=True)
class Assignments:
    """Who works, in order, and what nobody here can do, with how to get somebody."""

    working: tuple[Assignment, ...]
    uncovered: tuple[str, ...]
    remedies: tuple[str, ...]


def assign(
    plan: planner_pb2.Plan,
    needed: tuple[str, ...],
    requested_model: str,
    missing: Sequence[planner_pb2.Backend] = (),
) -> Assignments:
    """The first available candidate for each need, cheapest first as the plan ordered them.

    A requested model does everything itself. With no need stated it takes one candidate that can
    read words. Tools that share a capability all work, in the plan's order.
    """
    available = [found for found in plan.candidates if found.backend.is_available]
    if requested_model:
        chosen = [found for found in available if found.backend.target.model == requested_model]
        return _of(chosen[:1], (requested_model,) if not chosen else (), missing)
    if not needed:
        readers = [found for found in available if found.backend.target.tier in MODEL_TIERS]
        return _of(readers[:1], ("an answer in words",) if not readers else (), missing)
    chosen, uncovered = [], []
    for capability in needed:
        able = [found for found in available if capability in found.backend.capabilities]
        tools = [found for found in able if found.backend.target.tier not in MODEL_TIERS]
        picked = tools or able[:1]
        chosen += [found for found in picked if found not in chosen]
        if not picked:
            uncovered.append(capability)
    return _of(chosen, tuple(uncovered), missing)


def _of(
    chosen: list[planner_pb2.Candidate],
    uncovered: tuple[str, ...],
    missing: Sequence[planner_pb2.Backend],
) -> Assignments:
    working = tuple(
        Assignment(
            found.backend.backend_id, found.backend.target, tuple(found.backend.capabilities)
        )
        for found in chosen
    )
    helpful = [
        found
        for found in missing
        if not found.is_by_name_only
        and (not set(uncovered).isdisjoint(found.capabilities) or found.target.tier in MODEL_TIERS)
    ]
    remedies = tuple(dict.fromkeys(found.remedy for found in helpful)) if uncovered else ()
    return Assignments(working, uncovered, remedies)
