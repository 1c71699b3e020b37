"""A change of limits admits nothing new, breaks nothing old, and starts from what is known."""

from __future__ import annotations

import pytest

from bursar.errors import FailedPrecondition, NotFound
from bursar_quota.domain.answers import Granted, Refused
from bursar_quota.domain.calls import Attribution
from bursar_quota.domain.limits import ManagedBy, Selector
from bursar_quota.domain.meters import Meter
from bursar_quota.domain.windows import WindowKind
from quota_examples import (
    ACME,
    ANTHROPIC,
    DAY_NS,
    HOUR_NS,
    LEASE_NS,
    NOON_NS,
    OPENAI,
    book,
    limit,
    tokens,
)

TOTAL = "total/total_tokens/day"
BY_ANTHROPIC = Selector(provider="anthropic")


def test_a_lowered_limit_admits_nothing_new_and_breaks_nothing_old():
    kept = book(limit(amount=1000))
    held = kept.reserve(tokens(600))
    stands = kept.put(limit(amount=500))
    assert (stands.level.held, stands.level.available) == (600, -100)
    assert isinstance(kept.reserve(tokens(1)), Refused)
    kept.settle(held.reservation_id, tokens(400))
    assert isinstance(kept.reserve(tokens(100)), Granted)
    assert kept.level(TOTAL) == (400, 100)


def test_a_raised_limit_keeps_what_was_counted():
    kept = book(limit(amount=1000))
    kept.settle(kept.reserve(tokens(600)).reservation_id, tokens(600))
    kept.put(limit(amount=2000))
    assert kept.level(TOTAL) == (600, 0)


@pytest.mark.parametrize(
    ("selector", "settled"),
    [
        (Selector(), 70 + 5),
        (BY_ANTHROPIC, 70),
        (Selector(provider="openai"), 5),
        (Selector(tenant_id="acme", provider="anthropic", model="claude-x"), 70),
        (Selector(tenant_id="another"), 0),
    ],
)
def test_a_new_limit_counts_what_its_window_already_has(selector, settled):
    kept = book()
    kept.settle(kept.reserve(tokens(100)).reservation_id, tokens(60))
    kept.record(tokens(10))
    kept.record(tokens(5), call=(ACME, OPENAI))
    stands = kept.put(limit(selector=selector))
    assert stands.level.settled == settled
    assert stands.level.counted_since_ns == stands.level.window.starts_at_ns


def test_what_was_before_its_window_does_not_count():
    kept = book()
    kept.record(tokens(70))
    kept.now_ns = NOON_NS + 12 * HOUR_NS
    kept.record(tokens(5))
    assert kept.put(limit()).level.settled == 5
    assert kept.put(limit(window=WindowKind.WEEK)).level.settled == 75
    assert kept.put(limit(window=WindowKind.LIFETIME)).level.settled == 75


def test_a_lifetime_counts_hours_that_are_long_summed_up():
    kept = book()
    kept.record(tokens(70))
    kept.now_ns += 60 * DAY_NS
    kept.tick()
    kept.pass_time(25 * HOUR_NS)
    assert [len(hours) for hours in kept.state.usage_hours.values()] == [1]
    assert kept.put(limit(window=WindowKind.LIFETIME)).level.settled == 70
    assert kept.put(limit(window=WindowKind.MONTH)).level.settled == 0


def test_usage_belongs_to_the_hour_of_its_reserve():
    kept = book()
    kept.now_ns = NOON_NS + 12 * HOUR_NS - 1
    held = kept.reserve(tokens(100))
    kept.now_ns += 1
    kept.settle(held.reservation_id, tokens(60))
    assert kept.put(limit()).level.settled == 0
    kept.now_ns -= 1
    assert kept.put(limit(limit_id="yesterday")).level.settled == 60


def test_a_new_limit_says_since_when_it_counts_where_the_hours_know_nothing():
    kept = book()
    kept.record(tokens(70))
    for selector, window in (
        (Selector(user_id="ann"), WindowKind.DAY),
        (Selector(labels=(("job", "x"),)), WindowKind.MONTH),
        (Selector(), WindowKind.MINUTE),
    ):
        level = kept.put(limit(window=window, selector=selector)).level
        assert (level.settled, level.counted_since_ns) == (0, kept.now_ns)


def test_a_new_limit_takes_over_the_calls_under_way():
    kept = book()
    held = kept.reserve(tokens(100))
    stands = kept.put(limit(amount=120, selector=Selector(user_id="ann")))
    limit_id = stands.level.limit.limit_id
    assert stands.level.held == 100
    assert isinstance(kept.reserve(tokens(21)), Refused)
    kept.settle(held.reservation_id, tokens(60))
    assert kept.level(limit_id) == (60, 0)


def test_calls_of_an_earlier_window_are_not_taken_over():
    kept = book()
    kept.now_ns = NOON_NS + 12 * HOUR_NS - 1
    held = kept.reserve(tokens(100))
    kept.now_ns += 1
    assert kept.put(limit()).level.held == 0
    kept.settle(held.reservation_id, tokens(60))
    assert kept.level(TOTAL) == (0, 0)


def test_a_charge_that_a_new_limit_counted_is_replaced_on_it_too():
    kept = book()
    held = kept.reserve(tokens(100), is_dispatched=True)
    kept.pass_time(LEASE_NS)
    assert kept.put(limit(selector=BY_ANTHROPIC)).level.settled == 100
    kept.settle(held.reservation_id, tokens(60))
    assert kept.level("provider/anthropic/total_tokens/day") == (60, 0)


def test_a_new_limit_counts_a_charge_that_a_late_settle_may_still_replace():
    kept = book()
    held = kept.reserve(tokens(100), is_dispatched=True)
    kept.pass_time(LEASE_NS)
    limit_id = kept.put(limit(selector=Selector(user_id="ann"))).level.limit.limit_id
    assert kept.level(limit_id) == (100, 0)
    kept.settle(held.reservation_id, tokens(60))
    assert kept.level(limit_id) == (60, 0)


def test_counting_starts_anew_where_the_limit_counts_another_thing():
    kept = book(limit(limit_id="mine"))
    held = kept.reserve(tokens(100, 7))
    stands = kept.put(limit(Meter.OUTPUT_TOKENS, amount=50, limit_id="mine"))
    assert stands.level.held == 7
    kept.settle(held.reservation_id, tokens(90, 5))
    assert kept.level("mine") == (5, 0)


def test_a_deleted_limit_leaves_nothing_behind():
    kept = book(limit(amount=100, limit_id="mine"))
    held = kept.reserve(tokens(100))
    kept.delete("mine")
    assert not kept.state.limits
    assert not kept.state.shelves.plain
    assert isinstance(kept.reserve(tokens(10_000)), Granted)
    kept.settle(held.reservation_id, tokens(60))
    with pytest.raises(NotFound, match="there is no limit mine"):
        kept.delete("mine")


def test_only_its_owner_changes_a_limit():
    kept = book(limit(managed_by=ManagedBy.FILE))
    with pytest.raises(FailedPrecondition, match="is managed by the file"):
        kept.put(limit(amount=5))
    kept.put(limit(amount=5, managed_by=ManagedBy.FILE))
    kept.delete(TOTAL)
    kept.put(limit(amount=5))


def test_a_new_limit_over_a_tenant_counts_no_other():
    kept = book()
    kept.record(tokens(70))
    kept.record(tokens(9), call=(Attribution("other"), ANTHROPIC))
    assert kept.put(limit(selector=Selector(tenant_id="other"))).level.settled == 9
