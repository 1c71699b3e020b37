"""Which answers are kept, and for how long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bursar.errors import InvalidRequest
from bursar_cache.domain import (
    CLOCK_SKEW_NS,
    NS_PER_HOUR,
    TTL_NS_MAX,
    Answer,
    Policy,
    Refusal,
    Selection,
    Selector,
    Strategy,
    by_another_replica,
    check_tags,
    is_expired,
    is_looked_up,
    refusal_of,
    time_to_live_ns,
)

POLICY = Policy(entry_bytes_max=1_000, selective_cost_nano_usd_min=500, selective_tokens_min=50)
CHEAP = Answer(content_bytes=10, is_complete=True, cost_nano_usd=500, tokens=50, tags=())


@pytest.mark.parametrize("strategy", [Strategy.AGGRESSIVE, Strategy.STANDARD])
def test_aggressive_and_standard_keep_every_complete_answer(strategy):
    assert refusal_of(CHEAP, strategy, POLICY) is None


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (CHEAP, Refusal.STRATEGY),
        (replace(CHEAP, tags=("critical",)), Refusal.STRATEGY),
        (replace(CHEAP, cost_nano_usd=501), None),
        (replace(CHEAP, tokens=51), None),
    ],
)
def test_selective_keeps_what_is_above_one_of_its_minima(answer, refusal):
    assert refusal_of(answer, Strategy.SELECTIVE, POLICY) is refusal


def test_minimal_keeps_what_is_tagged_however_cheap_and_nothing_else():
    dear = replace(CHEAP, cost_nano_usd=10**12, tokens=10**9)

    assert refusal_of(replace(CHEAP, tags=("critical",)), Strategy.MINIMAL, POLICY) is None
    assert refusal_of(dear, Strategy.MINIMAL, POLICY) is Refusal.STRATEGY


def test_none_keeps_nothing_and_gives_nothing():
    tagged = replace(CHEAP, cost_nano_usd=10**12, tags=("critical",))

    assert refusal_of(tagged, Strategy.NONE, POLICY) is Refusal.STRATEGY
    assert [strategy for strategy in Strategy if not is_looked_up(strategy)] == [Strategy.NONE]


@pytest.mark.parametrize("strategy", list(Strategy))
def test_an_incomplete_answer_is_never_kept(strategy):
    answer = Answer(10, is_complete=False, cost_nano_usd=10**12, tokens=10**9, tags=("critical",))

    assert refusal_of(answer, strategy, POLICY) is Refusal.INCOMPLETE


def test_an_answer_one_byte_too_large_is_refused():
    at_the_bound = replace(CHEAP, content_bytes=1_000)
    above = replace(CHEAP, content_bytes=1_001)

    assert refusal_of(at_the_bound, Strategy.STANDARD, POLICY) is None
    assert refusal_of(above, Strategy.STANDARD, POLICY) is Refusal.TOO_LARGE


@pytest.mark.parametrize(
    ("strategy", "tags", "hours"),
    [
        (Strategy.STANDARD, (), 24),
        (Strategy.SELECTIVE, (), 24),
        (Strategy.MINIMAL, ("critical",), 24),
        (Strategy.AGGRESSIVE, (), 168),
        (Strategy.STANDARD, ("warmed",), 168),
    ],
)
def test_an_entry_lives_a_day_and_aggressive_or_warmed_ones_a_week(strategy, tags, hours):
    assert time_to_live_ns(0, strategy, tags) == hours * NS_PER_HOUR


def test_a_time_to_live_that_is_asked_for_holds_for_every_strategy():
    assert time_to_live_ns(5, Strategy.AGGRESSIVE, ("warmed",)) == 5


@pytest.mark.parametrize("ttl_ns", [-1, -(2**63), TTL_NS_MAX + 1])
def test_a_time_to_live_out_of_bounds_is_refused(ttl_ns):
    with pytest.raises(InvalidRequest, match="ttl_ns"):
        time_to_live_ns(ttl_ns, Strategy.STANDARD, ())


def test_an_entry_is_given_until_just_before_it_expires():
    assert not is_expired(100, now_ns=99)
    assert is_expired(100, now_ns=100)
    assert is_expired(100, now_ns=101)


@pytest.mark.parametrize("tags", [("",), ("x" * 129,), tuple(map(str, range(17)))])
def test_empty_long_and_too_many_tags_are_refused(tags):
    with pytest.raises(InvalidRequest, match=r"entry\.tags"):
        check_tags(tags)


def test_what_another_replica_forgot_is_forgotten_here_up_to_what_clocks_may_differ():
    selection = Selection("acme", Selector.TAG, "docs")

    assert by_another_replica(selection, 1_000) == replace(
        selection, stored_until_ns=1_000 + CLOCK_SKEW_NS
    )
