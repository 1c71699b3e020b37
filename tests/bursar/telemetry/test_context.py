"""Trace context is carried as W3C says, and costs nothing where a call is not sampled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.telemetry import context as trace_context
from bursar.telemetry.context import TraceContext, begin, parse_traceparent, within

ids = st.tuples(
    st.binary(min_size=16, max_size=16).filter(any), st.binary(min_size=8, max_size=8).filter(any)
)


@given(ids, st.booleans())
def test_a_context_survives_its_header(pair: tuple[bytes, bytes], is_sampled: bool):
    context = TraceContext(*pair, is_sampled)

    assert parse_traceparent(context.traceparent()) == context


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00-abc-def-01",
        f"00-{'0' * 32}-{'1' * 16}-01",
        f"00-{'1' * 32}-{'0' * 16}-01",
        f"ff-{'1' * 32}-{'1' * 16}-01",
        f"00-{'g' * 32}-{'1' * 16}-01",
    ],
)
def test_a_header_that_the_standard_does_not_know_is_ignored(header: str | None):
    assert parse_traceparent(header) is None


def test_a_header_of_a_newer_version_is_read_as_far_as_it_is_known():
    assert parse_traceparent(f"01-{'1' * 32}-{'2' * 16}-01-more") is not None


def test_the_coin_is_tossed_once_when_the_trace_begins():
    assert begin(sample_ratio=1.0).is_sampled
    assert not begin(sample_ratio=0.0).is_sampled
    assert begin(1.0).child().is_sampled


def test_the_context_holds_inside_the_block_alone():
    context = begin(0.0)
    with within(context):
        assert trace_context.current() is context
    assert trace_context.current() is None
