"""Reserve -> Dispatch -> Settle | Release, and what is refused on the way."""

from __future__ import annotations

import pytest

from bursar.errors import FailedPrecondition, UnknownReservation
from bursar_quota.domain.answers import Granted
from bursar_quota.domain.events import Dispatched, Settled
from bursar_quota.domain.limits import Selector
from bursar_quota.domain.meters import NO_AMOUNTS, Amounts, Meter
from bursar_quota.domain.state import Phase
from bursar_quota.domain.windows import WindowKind
from quota_examples import DAY_NS, HOUR_NS, LEASE_NS, NOON_NS, book, limit, tokens

TOTAL = "total/total_tokens/day"


def test_a_settle_replaces_the_hold_by_what_was_used():
    kept = book(limit(amount=1000), limit(Meter.COST_NANO_USD, amount=1000))
    held = kept.reserve(tokens(100, 50, 700))
    answer = kept.settle(held.reservation_id, tokens(90, 20, 500))
    assert (answer.settled, answer.overrun) == (tokens(90, 20, 500), NO_AMOUNTS)
    assert kept.level(TOTAL) == (110, 0)
    assert kept.level("total/cost_nano_usd/day") == (500, 0)


def test_a_settle_above_the_hold_is_recorded_and_marked_per_meter():
    kept = book(limit(amount=150))
    held = kept.reserve(tokens(100, 50, 700))
    answer = kept.settle(held.reservation_id, Amounts(1, 90, 80, 701))
    assert answer.overrun == Amounts(0, 0, 30, 1)
    assert kept.last_event().overrun == Amounts(0, 0, 30, 1)
    assert kept.level(TOTAL) == (170, 0)


def test_a_hold_is_settled_in_the_windows_of_its_reserve():
    kept = book(limit(amount=1000), limit(Meter.REQUESTS, WindowKind.HOUR, amount=10))
    kept.now_ns = NOON_NS + 12 * HOUR_NS - 1  # the last moment of the day
    held = kept.reserve(tokens(100))
    kept.now_ns += 1
    assert kept.level(TOTAL) == (0, 0)
    kept.settle(held.reservation_id, tokens(60))
    assert kept.level(TOTAL) == (0, 0)
    kept.now_ns -= 1
    assert kept.level(TOTAL) == (60, 0)
    assert kept.level("total/requests/hour") == (1, 0)


def test_what_was_never_dispatched_can_be_released():
    kept = book(limit())
    held = kept.reserve(tokens(100))
    kept.release(held.reservation_id)
    assert kept.level(TOTAL) == (0, 0)
    assert not kept.state.reservations
    assert not kept.state.leases


def test_what_was_dispatched_cannot_be_released():
    kept = book(limit())
    held = kept.reserve(tokens(100))
    kept.dispatch(held.reservation_id)
    with pytest.raises(FailedPrecondition, match="was dispatched: settle it"):
        kept.release(held.reservation_id)
    assert kept.level(TOTAL) == (0, 100)


def test_a_dispatch_begins_the_lease_anew():
    kept = book(limit())
    held = kept.reserve(tokens(100))
    kept.pass_time(LEASE_NS - 1)
    kept.dispatch(held.reservation_id)
    assert kept.last_event().lease_expires_at_ns == kept.now_ns + LEASE_NS
    kept.pass_time(LEASE_NS - 1)
    assert kept.state.reservations[held.reservation_id].phase is Phase.DISPATCHED


def test_a_hold_is_dispatched_once():
    kept = book(limit())
    held = kept.reserve(tokens(100))
    kept.dispatch(held.reservation_id)
    with pytest.raises(FailedPrecondition, match="was dispatched before"):
        kept.dispatch(held.reservation_id)


def test_what_was_used_is_settled_even_without_a_dispatch():
    kept = book(limit())
    held = kept.reserve(tokens(100))
    kept.settle(held.reservation_id, tokens(70))
    assert kept.level(TOTAL) == (70, 0)


@pytest.mark.parametrize("how", ["dispatch", "settle", "release"])
def test_a_reservation_that_is_not_known_is_named_with_a_remedy(how):
    kept = book(limit())
    order = getattr(kept, how)
    given = ("rsv-9", tokens(1)) if how == "settle" else ("rsv-9",)
    with pytest.raises(
        UnknownReservation, match="no reservation rsv-9 is known: give the id that Reserve"
    ):
        order(*given)
    assert not isinstance(kept.last_event(), Dispatched | Settled)


def test_a_second_settle_is_told_that_nothing_is_left_to_do():
    kept = book(limit())
    held = kept.reserve(tokens(100))
    kept.settle(held.reservation_id, tokens(70))
    with pytest.raises(FailedPrecondition, match="was settled before: nothing is left to do"):
        kept.settle(held.reservation_id, tokens(70))
    assert kept.level(TOTAL) == (70, 0)


def test_a_settle_after_the_release_is_told_to_record_it():
    kept = book(limit())
    held = kept.reserve(tokens(100))
    kept.release(held.reservation_id)
    with pytest.raises(FailedPrecondition, match="record what was used with RecordUsage"):
        kept.settle(held.reservation_id, tokens(70))


def test_usage_without_a_reservation_counts_and_is_never_refused():
    kept = book(limit(amount=100), limit(Meter.REQUESTS, amount=100))
    kept.record(Amounts(0, 90, 30, 5))
    assert kept.level(TOTAL) == (120, 0)
    assert kept.level("total/requests/day") == (0, 0)


def test_a_settle_leaves_out_windows_that_are_forgotten():
    kept = book(limit(Meter.REQUESTS, WindowKind.MINUTE, amount=5), limit(amount=1000))
    held = kept.reserve(tokens(100), lease_ns=DAY_NS, is_dispatched=True)
    kept.pass_time(DAY_NS + 2 * HOUR_NS)  # charged, and its minute is forgotten
    kept.settle(held.reservation_id, tokens(60))
    assert [kept.state.buckets[number].limit_id for number in kept.last_event().buckets] == [TOTAL]
    assert len(kept.state.limits["total/requests/minute"].buckets) == 0


def test_a_window_is_kept_as_long_as_a_call_holds_something_in_it():
    kept = book(limit(Meter.REQUESTS, WindowKind.MINUTE, amount=5))
    held = kept.reserve(tokens(100), lease_ns=DAY_NS)
    kept.pass_time(DAY_NS - HOUR_NS)
    kept.dispatch(held.reservation_id)  # another day
    kept.pass_time(6 * HOUR_NS)
    kept.settle(held.reservation_id, tokens(60))
    (number,) = kept.last_event().buckets
    assert (kept.state.buckets[number].settled, kept.state.buckets[number].held) == (1, 0)
    kept.pass_time(2 * HOUR_NS)
    assert len(kept.state.limits["total/requests/minute"].buckets) == 0


def test_a_limit_that_is_deleted_takes_its_claims_with_it():
    kept = book(limit(amount=1000), limit(Meter.REQUESTS, amount=10))
    held = kept.reserve(tokens(100))
    kept.delete("total/requests/day")
    kept.settle(held.reservation_id, tokens(60))
    assert [kept.state.buckets[number].limit_id for number in kept.last_event().buckets] == [TOTAL]


def test_a_hold_that_meets_no_limit_is_kept_all_the_same():
    kept = book(limit(selector=Selector(provider="openai")))
    held = kept.reserve(tokens(100))
    assert isinstance(held, Granted)
    assert kept.settle(held.reservation_id, tokens(60)).settled == tokens(60)
