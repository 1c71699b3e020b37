"""Holds that last: topped up, kept alive, settled bit by bit."""

from __future__ import annotations

import pytest

from bursar.errors import FailedPrecondition
from bursar_quota.domain.answers import Enlarged, Granted, Refused
from bursar_quota.domain.commands import Extend, SettlePartly, TopUp
from bursar_quota.domain.events import Expired, TopUpDenied
from bursar_quota.domain.limits import Mode, Selector
from bursar_quota.domain.meters import Amounts, Meter
from bursar_quota.domain.state import NS_PER_S
from quota_examples import DAY_NS, HOUR_NS, LEASE_NS, NOON_NS, Book, book, limit, tokens

TOTAL = "total/total_tokens/day"


def top_up(kept, held, amounts, **stamp):
    order = TopUp(kept.stamp(**stamp), reservation_id=held.reservation_id, amounts=amounts)
    return kept.do(order)


def settle_partly(kept, held, used, **stamp):
    order = SettlePartly(kept.stamp(**stamp), reservation_id=held.reservation_id, used=used)
    return kept.do(order)


def extend(kept, held, lease_ns=0):
    return kept.do(Extend(kept.stamp(), reservation_id=held.reservation_id, lease_ns=lease_ns))


def test_a_top_up_holds_more_on_every_limit_that_counts_the_hold():
    kept = book(limit(amount=1000), limit(Meter.REQUESTS, amount=1))
    held = kept.reserve(tokens(600))
    answer = top_up(kept, held, Amounts(input_tokens=400))
    assert answer.held == Amounts(1, 1000)
    assert answer.is_near_limit
    assert kept.level(TOTAL) == (0, 1000)
    assert kept.level("total/requests/day") == (0, 1)


def test_a_top_up_one_token_too_large_is_refused_with_what_is_left_and_the_hold_stays():
    kept = book(limit(amount=1000))
    held = kept.reserve(tokens(600))
    answer = top_up(kept, held, Amounts(input_tokens=401), operation_id="t")
    assert isinstance(answer, Refused)
    assert (answer.requested, answer.level.available) == (401, 400)
    assert isinstance(kept.last_event(), TopUpDenied)
    assert kept.level(TOTAL) == (0, 600)
    assert top_up(kept, held, Amounts(input_tokens=401), operation_id="t") == answer
    assert isinstance(top_up(kept, held, Amounts(input_tokens=400)), Enlarged)


def test_what_was_topped_up_is_settled_released_and_charged_as_the_hold_is():
    kept = book(limit(amount=1000))
    held = kept.reserve(tokens(100))
    top_up(kept, held, Amounts(input_tokens=200))
    answer = kept.settle(held.reservation_id, tokens(350))
    assert answer.overrun == Amounts(input_tokens=50)
    released = kept.reserve(tokens(100))
    top_up(kept, released, Amounts(input_tokens=200))
    kept.release(released.reservation_id)
    assert kept.level(TOTAL) == (350, 0)
    charged = kept.reserve(tokens(100), is_dispatched=True)
    top_up(kept, charged, Amounts(input_tokens=200))
    kept.pass_time(LEASE_NS)
    assert kept.level(TOTAL) == (650, 0)


def test_a_top_up_counts_in_the_windows_of_its_reserve():
    kept = Book(now_ns=NOON_NS)
    kept.put(limit(amount=1000))
    held = kept.reserve(tokens(900), lease_ns=20 * HOUR_NS)
    kept.now_ns += 13 * HOUR_NS
    assert isinstance(top_up(kept, held, Amounts(input_tokens=101)), Refused)
    top_up(kept, held, Amounts(input_tokens=100))
    assert kept.level(TOTAL) == (0, 0)


def test_extending_begins_the_lease_anew():
    kept = book(limit(amount=1000))
    held = kept.reserve(tokens(100), is_dispatched=True)
    kept.pass_time(LEASE_NS - NS_PER_S)
    assert extend(kept, held).lease_expires_at_ns == kept.now_ns + LEASE_NS
    kept.pass_time(LEASE_NS - NS_PER_S)
    assert kept.level(TOTAL) == (0, 100)
    assert extend(kept, held, HOUR_NS).lease_expires_at_ns == kept.now_ns + HOUR_NS
    kept.pass_time(HOUR_NS)
    assert kept.level(TOTAL) == (100, 0)


def test_a_partial_settle_shrinks_the_hold_by_what_was_used_and_renews_the_lease():
    kept = book(limit(amount=1000))
    held = kept.reserve(tokens(600, 300), is_dispatched=True)
    kept.pass_time(10 * NS_PER_S)
    answer = settle_partly(kept, held, tokens(600, 100))
    assert answer.lease_expires_at_ns == kept.now_ns + LEASE_NS
    assert kept.level(TOTAL) == (700, 200)
    kept.pass_time(LEASE_NS - NS_PER_S)
    settle_partly(kept, held, tokens(600, 250))
    assert kept.level(TOTAL) == (850, 50)
    assert kept.settle(held.reservation_id, tokens(600, 260)).settled == tokens(600, 260)
    assert kept.level(TOTAL) == (860, 0)


def test_more_than_the_hold_leaves_nothing_held_and_is_marked():
    kept = book(limit(amount=1000))
    held = kept.reserve(tokens(100, 50))
    answer = settle_partly(kept, held, tokens(100, 80))
    assert answer.overrun == Amounts(output_tokens=30)
    assert kept.level(TOTAL) == (180, 0)
    top_up(kept, held, Amounts(output_tokens=50))
    assert kept.level(TOTAL) == (180, 20)


def test_a_partial_settle_that_comes_too_soon_is_deferred_unless_it_adds_a_tenth():
    kept = book(limit(amount=10_000))
    held = kept.reserve(tokens(1000))
    written = len(kept.log)
    kept.pass_time(NS_PER_S)
    assert settle_partly(kept, held, Amounts(0, 99)).is_deferred
    assert len(kept.log) == written
    assert not settle_partly(kept, held, Amounts(0, 100)).is_deferred
    kept.pass_time(4 * NS_PER_S)
    assert settle_partly(kept, held, Amounts(0, 101)).settled == Amounts(0, 100)
    kept.pass_time(NS_PER_S)
    assert not settle_partly(kept, held, Amounts(0, 101)).is_deferred


def test_a_short_lease_is_renewed_though_it_is_soon():
    kept = book(limit(amount=10_000))
    held = kept.reserve(tokens(1000), lease_ns=2 * NS_PER_S, is_dispatched=True)
    kept.pass_time(NS_PER_S)
    assert not settle_partly(kept, held, Amounts(1, 1)).is_deferred


def test_an_undispatched_hold_that_was_settled_in_part_is_charged_not_let_go():
    kept = book(limit(amount=1000))
    held = kept.reserve(tokens(600))
    settle_partly(kept, held, tokens(100))
    kept.pass_time(LEASE_NS)
    (expired,) = (event for event in kept.events() if isinstance(event, Expired))
    assert expired.charged == tokens(600)
    assert kept.level(TOTAL) == (600, 0)
    kept.settle(held.reservation_id, tokens(150))
    assert kept.level(TOTAL) == (150, 0)


def test_usage_is_summed_up_once_however_it_was_settled():
    kept = book(limit(amount=1000))
    held = kept.reserve(tokens(600))
    settle_partly(kept, held, tokens(100))
    settle_partly(kept, held, tokens(300))
    kept.settle(held.reservation_id, tokens(350))
    stands = kept.put(limit(amount=1000, limit_id="again"))
    assert stands.level.settled == 350


def test_a_new_limit_counts_what_was_settled_in_part_and_what_is_still_held():
    kept = book()
    held = kept.reserve(tokens(600))
    settle_partly(kept, held, tokens(100))
    by_user = limit(amount=1000, selector=Selector(user_id="ann"))
    for one in (kept.put(limit(amount=1000)), kept.put(by_user)):
        assert (one.level.settled, one.level.held) == (100, 500)
    kept.settle(held.reservation_id, tokens(200))
    assert kept.level(TOTAL) == kept.level("user/ann/total_tokens/day") == (200, 0)


def test_less_than_before_is_refused():
    kept = book(limit(amount=1000))
    held = kept.reserve(tokens(600))
    settle_partly(kept, held, tokens(300))
    with pytest.raises(FailedPrecondition, match="settled in part at more than this"):
        settle_partly(kept, held, tokens(299, 500))


def test_what_was_charged_is_not_topped_up_extended_or_settled_in_part():
    kept = book(limit(amount=1000))
    held = kept.reserve(tokens(100), is_dispatched=True)
    kept.pass_time(LEASE_NS)
    for order in (
        lambda: top_up(kept, held, tokens(1)),
        lambda: extend(kept, held),
        lambda: settle_partly(kept, held, tokens(200)),
    ):
        with pytest.raises(FailedPrecondition, match="settle it by what was used"):
            order()


def test_a_soft_limit_is_topped_up_beyond():
    kept = book(limit(amount=10, mode=Mode.SOFT))
    held = kept.reserve(tokens(9))
    assert isinstance(top_up(kept, held, tokens(9)), Enlarged)
    assert isinstance(kept.reserve(tokens(9)), Granted)


def test_a_hold_of_days_is_kept_alive_by_its_partial_settles():
    kept = Book(now_ns=NOON_NS)
    kept.put(limit(amount=100_000))
    held = kept.reserve(tokens(10_000), lease_ns=HOUR_NS, is_dispatched=True)
    for hour in range(1, 49):
        kept.now_ns += HOUR_NS // 2
        settle_partly(kept, held, tokens(hour))
        kept.tick()
    assert held.reservation_id in kept.state.reservations
    assert kept.now_ns - NOON_NS == DAY_NS
