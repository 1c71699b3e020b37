"""Rolling windows, what is carried over, and reservations that are open at the same time."""

from __future__ import annotations

import pytest

from bursar_quota.domain.answers import Granted, Refused
from bursar_quota.domain.commands import TopUp
from bursar_quota.domain.limits import Mode, Selector, made_limit_id
from bursar_quota.domain.meters import Amounts, Meter
from bursar_quota.domain.state import NS_PER_S
from bursar_quota.domain.windows import WindowKind
from quota_examples import DAY_NS, HOUR_NS, LEASE_NS, MINUTE_NS, NOON_NS, Book, limit, tokens

FIVE_HOURS = "total/total_tokens/5h"
PART_NS = 5 * MINUTE_NS  # a sixtieth of five hours


def rolling(amount=1000, rolling_ns=5 * HOUR_NS, **fields):
    selector = fields.pop("selector", Selector())
    limit_id = made_limit_id(selector, Meter.TOTAL_TOKENS, WindowKind.ROLLING, rolling_ns)
    return limit(
        window=WindowKind.ROLLING,
        amount=amount,
        rolling_ns=rolling_ns,
        selector=selector,
        limit_id=limit_id,
        **fields,
    )


def kept_with(*limits):
    kept = Book(now_ns=NOON_NS)
    for one in limits:
        kept.put(one)
    return kept


def test_what_was_used_in_the_last_five_hours_counts():
    kept = kept_with(rolling())
    kept.record(tokens(600))
    kept.now_ns += 3 * HOUR_NS
    kept.record(tokens(300))
    assert kept.level(FIVE_HOURS) == (900, 0)
    assert isinstance(kept.reserve(tokens(101)), Refused)
    kept.now_ns += 2 * HOUR_NS + PART_NS
    assert kept.level(FIVE_HOURS) == (300, 0)
    assert isinstance(kept.reserve(tokens(700)), Granted)


@pytest.mark.parametrize(("used_after_ns", "counts_for_ns"), [(0, PART_NS), (PART_NS - 1, 1)])
def test_five_hours_wherever_they_begin_hold_the_amount_and_the_oldest_part_counts_whole(
    used_after_ns, counts_for_ns
):
    kept = kept_with(rolling())
    kept.now_ns += used_after_ns
    kept.record(tokens(1000))
    kept.now_ns += 5 * HOUR_NS + counts_for_ns - 1
    assert isinstance(kept.reserve(tokens(1)), Refused)
    kept.now_ns += 1
    assert isinstance(kept.reserve(tokens(1000)), Granted)


def test_a_refusal_says_when_enough_of_the_oldest_is_over():
    kept = kept_with(rolling())
    kept.record(tokens(400))
    kept.now_ns += HOUR_NS
    kept.record(tokens(500))
    refused = kept.reserve(tokens(300))
    assert refused.retry_after_ns == 4 * HOUR_NS + PART_NS
    assert "the window is the last 5h" in refused.reason
    assert refused.reason.startswith("Would exceed rolling 5h token limit")
    kept.now_ns += refused.retry_after_ns - 1
    assert isinstance(kept.reserve(tokens(300)), Refused)
    kept.now_ns += 1
    assert isinstance(kept.reserve(tokens(300)), Granted)
    assert kept.reserve(tokens(1001)).retry_after_ns == 0


def test_a_new_rolling_limit_counts_the_hours_before_it_part_by_part():
    kept = kept_with()
    kept.record(tokens(600))
    kept.now_ns += 3 * HOUR_NS
    kept.record(tokens(300))
    stands = kept.put(rolling())
    assert (stands.level.settled, stands.level.is_pending) == (900, False)
    kept.now_ns += 3 * HOUR_NS + PART_NS
    assert kept.level(FIVE_HOURS) == (300, 0)


def test_a_rolling_week_outlives_the_horizon():
    kept = kept_with(rolling(rolling_ns=7 * DAY_NS))
    kept.record(tokens(600))
    for _ in range(7):
        kept.now_ns += DAY_NS - HOUR_NS
        kept.tick()
    assert kept.level("total/total_tokens/7d") == (600, 0)
    kept.now_ns += 8 * HOUR_NS + 3 * HOUR_NS
    kept.tick()
    assert kept.level("total/total_tokens/7d") == (0, 0)


def test_a_hold_counts_in_the_part_of_its_reserve_and_so_does_its_top_up():
    kept = kept_with(rolling())
    held = kept.reserve(tokens(600), lease_ns=20 * HOUR_NS)
    kept.now_ns += 4 * HOUR_NS
    kept.record(tokens(300))

    def top_up(amount):
        order = TopUp(
            kept.stamp(), reservation_id=held.reservation_id, amounts=Amounts(input_tokens=amount)
        )
        return kept.do(order)

    assert isinstance(top_up(101), Refused)
    top_up(100)
    assert kept.level(FIVE_HOURS) == (300, 700)
    kept.now_ns += HOUR_NS + PART_NS
    assert kept.level(FIVE_HOURS) == (300, 0)


def test_what_a_window_leaves_unused_is_carried_over_once_and_up_to_its_bound():
    kept = kept_with(limit(amount=1000, carry_over_max=300))
    kept.record(tokens(900))
    kept.now_ns += DAY_NS
    assert isinstance(kept.reserve(tokens(1101)), Refused)
    assert isinstance(kept.reserve(tokens(1100)), Granted)
    kept.now_ns += 2 * DAY_NS
    refused = kept.reserve(tokens(1301))
    assert (refused.level.carried_over, refused.level.available) == (300, 1300)
    assert isinstance(kept.reserve(tokens(1300)), Granted)


def test_the_first_window_of_a_limit_has_nothing_carried_over():
    kept = kept_with(limit(amount=1000, carry_over_max=300))
    assert isinstance(kept.reserve(tokens(1001)), Refused)
    kept.reserve(tokens(1000), lease_ns=24 * HOUR_NS)
    kept.now_ns += DAY_NS
    assert isinstance(kept.reserve(tokens(1001)), Refused)


def test_what_was_spent_a_month_ago_is_not_carried_over_as_unused():
    kept = kept_with(limit(amount=1000, window=WindowKind.MONTH, carry_over_max=1000))
    kept.record(tokens(900))
    for _ in range(36):
        kept.now_ns += DAY_NS
        kept.record(tokens(0))
        kept.tick()
    refused = kept.reserve(tokens(5000))
    assert refused.level.carried_over == 100


def test_reservations_that_are_open_at_the_same_time_are_counted():
    concurrent = limit(Meter.CONCURRENT_RESERVATIONS, WindowKind.LIFETIME, amount=2)
    kept = kept_with(concurrent)
    first, second = kept.reserve(tokens(5)), kept.reserve(Amounts(7), is_dispatched=True)
    refused = kept.reserve(tokens(5))
    assert refused.reason.startswith("Would exceed concurrent reservation limit: 1 asked for, 0")
    assert refused.retry_after_ns == NS_PER_S
    kept.release(first.reservation_id)
    third = kept.reserve(tokens(5))
    assert isinstance(third, Granted)
    kept.settle(third.reservation_id, tokens(5))
    kept.tick()
    kept.pass_time(31 * NS_PER_S + LEASE_NS)
    assert kept.level(concurrent.limit_id) == (0, 0)
    kept.settle(second.reservation_id, tokens(5))
    assert kept.level(concurrent.limit_id) == (0, 0)
    kept.record(tokens(5))
    assert kept.level(concurrent.limit_id) == (0, 0)


def test_a_new_limit_on_open_reservations_counts_those_that_are_open():
    kept = kept_with()
    held = kept.reserve(tokens(5))
    stands = kept.put(limit(Meter.CONCURRENT_RESERVATIONS, WindowKind.LIFETIME, amount=1))
    assert (stands.level.held, stands.level.is_pending) == (1, False)
    kept.settle(held.reservation_id, tokens(5))
    assert kept.level(stands.level.limit.limit_id) == (0, 0)


def test_a_throttle_refuses_what_a_hard_limit_would():
    kept = kept_with(limit(Meter.REQUESTS, WindowKind.MINUTE, 1, mode=Mode.THROTTLE))
    assert isinstance(kept.reserve(tokens(5)), Granted)
    refused = kept.reserve(tokens(5))
    assert refused.level.limit.mode is Mode.THROTTLE
    kept.pass_time(MINUTE_NS)
    assert isinstance(kept.reserve(tokens(5)), Granted)
