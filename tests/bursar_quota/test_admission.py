"""All limits that match hold at once, or nothing happens."""

from __future__ import annotations

import pytest

from bursar.errors import FailedPrecondition
from bursar_quota.domain.admission import MATCHING_LIMITS_MAX, told
from bursar_quota.domain.answers import Granted, Refused
from bursar_quota.domain.calls import Attribution, Target
from bursar_quota.domain.limits import Mode, Selector, refusal
from bursar_quota.domain.meters import Amounts, Meter
from bursar_quota.domain.reading import check
from bursar_quota.domain.standing import RETRY_WHILE_HELD_NS
from bursar_quota.domain.terms import Now
from bursar_quota.domain.windows import WindowKind
from quota_examples import (
    ACME,
    ANTHROPIC,
    HOUR_NS,
    MINUTE_NS,
    NOON_NS,
    OPENAI,
    book,
    limit,
    tokens,
)

TOTAL = "total/total_tokens/day"


@pytest.mark.parametrize(("asked", "is_admitted"), [(399, True), (400, True), (401, False)])
def test_what_is_left_is_admitted_to_the_last_token(asked, is_admitted):
    kept = book(limit(amount=1000))
    kept.reserve(tokens(600))
    answer = kept.reserve(tokens(asked))
    assert isinstance(answer, Granted if is_admitted else Refused)
    assert kept.level(TOTAL) == (0, 600 + asked if is_admitted else 600)


def test_held_counts_as_much_as_settled():
    kept = book(limit(amount=1000))
    first = kept.reserve(tokens(500))
    kept.settle(first.reservation_id, tokens(300))
    kept.reserve(tokens(500))
    assert isinstance(kept.reserve(tokens(201)), Refused)
    assert isinstance(kept.reserve(tokens(200)), Granted)


def test_exactly_20_of_200_fit_a_budget_for_20():
    kept = book(limit(Meter.COST_NANO_USD, amount=20 * 7_000_001))
    answers = [kept.reserve(tokens(10, 10, 7_000_001)) for _ in range(200)]
    assert [isinstance(answer, Granted) for answer in answers] == [True] * 20 + [False] * 180
    assert kept.level("total/cost_nano_usd/day") == (0, 20 * 7_000_001)


def test_all_limits_move_or_none():
    kept = book(
        limit(amount=10_000),
        limit(Meter.REQUESTS, amount=100),
        limit(Meter.COST_NANO_USD, WindowKind.MONTH, amount=50),
    )
    answer = kept.reserve(tokens(10, 10, 51))
    assert isinstance(answer, Refused)
    assert kept.level(TOTAL) == kept.level("total/requests/day") == (0, 0)
    kept.reserve(tokens(10, 10, 50))
    assert kept.level(TOTAL) == (0, 20)
    assert kept.level("total/requests/day") == (0, 1)
    assert kept.level("total/cost_nano_usd/month") == (0, 50)


def test_each_meter_counts_its_own_amount():
    kept = book(*(limit(meter) for meter in Meter))
    kept.reserve(Amounts(2, 30, 7, 500))
    held = {meter: kept.level(f"total/{meter.name.lower()}/day")[1] for meter in Meter}
    assert held == {
        Meter.REQUESTS: 2,
        Meter.INPUT_TOKENS: 30,
        Meter.OUTPUT_TOKENS: 7,
        Meter.TOTAL_TOKENS: 37,
        Meter.COST_NANO_USD: 500,
        Meter.CONCURRENT_RESERVATIONS: 1,
    }


def test_a_soft_limit_admits_and_says_that_it_is_near():
    kept = book(limit(amount=10, mode=Mode.SOFT))
    answer = kept.reserve(tokens(11))
    assert isinstance(answer, Granted)
    assert answer.is_near_limit
    assert kept.level(TOTAL) == (0, 11)


@pytest.mark.parametrize(("held", "is_near"), [(800, False), (801, True)])
def test_near_is_more_than_80_percent(held, is_near):
    answer = book(limit(amount=1000)).reserve(tokens(held))
    assert answer.is_near_limit is is_near


def test_a_limit_of_nothing_admits_only_what_takes_nothing_of_it():
    kept = book(limit(Meter.COST_NANO_USD, amount=0))
    assert isinstance(kept.reserve(tokens(10, 10, 0)), Granted)
    assert isinstance(kept.reserve(tokens(10, 10, 1)), Refused)


def test_free_work_goes_on_when_the_money_is_gone():
    kept = book(limit(Meter.COST_NANO_USD, amount=100))
    kept.settle(kept.reserve(tokens(1, 1, 100)).reservation_id, tokens(1, 1, 150))
    assert isinstance(kept.reserve(tokens(10, 10, 0)), Granted)


def test_a_limit_counts_only_the_calls_it_selects():
    kept = book(limit(amount=100, selector=Selector(provider="anthropic")))
    assert isinstance(kept.reserve(tokens(101), call=(ACME, OPENAI)), Granted)
    assert isinstance(kept.reserve(tokens(101), call=(ACME, ANTHROPIC)), Refused)


def test_the_next_window_begins_empty():
    kept = book(limit(Meter.REQUESTS, WindowKind.MINUTE, amount=1))
    assert isinstance(kept.reserve(tokens(1)), Granted)
    assert isinstance(kept.reserve(tokens(1)), Refused)
    kept.now_ns += MINUTE_NS
    assert isinstance(kept.reserve(tokens(1)), Granted)


def test_a_refusal_reads_as_the_founding_design_has_it():
    provider = Selector(provider="anthropic")
    assert refusal(limit(selector=provider)) == "Would exceed daily token limit for anthropic"
    assert (
        refusal(limit(Meter.COST_NANO_USD, selector=provider))
        == "Would exceed daily cost limit for anthropic"
    )
    assert (
        refusal(limit(Meter.COST_NANO_USD, WindowKind.MONTH)) == "Would exceed monthly cost limit"
    )
    named = limit(Meter.REQUESTS, WindowKind.MINUTE, selector=Selector(user_id="ann", model="m"))
    assert refusal(named) == "Would exceed per-minute request limit for user ann, model m"


def test_a_refusal_says_how_it_stands_and_when_the_window_ends():
    kept = book(limit(amount=1000, time_zone="Europe/Berlin"))
    kept.settle(kept.reserve(tokens(600)).reservation_id, tokens(600))
    kept.reserve(tokens(300))
    answer = kept.reserve(tokens(101))
    assert answer.reason == (
        "Would exceed daily token limit: 101 asked for, 100 of 1,000 left (600 settled, 300 held);"
        " the window ends 2026-11-25 00:00:00 Europe/Berlin"
    )


def test_a_refusal_about_money_speaks_of_dollars():
    answer = book(limit(Meter.COST_NANO_USD, WindowKind.LIFETIME, amount=5_000_000_000)).reserve(
        tokens(1, 1, 5_250_000_000)
    )
    assert answer.reason == (
        "Would exceed lifetime cost limit: $5.25 asked for, $5.00 of $5.00 left ($0.00 settled,"
        " $0.00 held); the window never ends"
    )


def test_waiting_for_the_windows_end_helps_where_the_money_is_spent():
    kept = book(limit(amount=1000))
    kept.settle(kept.reserve(tokens(600)).reservation_id, tokens(600))
    answer = kept.reserve(tokens(401))
    assert answer.retry_after_ns == NOON_NS + 12 * HOUR_NS - kept.now_ns


def test_waiting_a_little_helps_where_calls_under_way_hold_it():
    kept = book(limit(amount=1000))
    kept.reserve(tokens(600))
    assert kept.reserve(tokens(401)).retry_after_ns == RETRY_WHILE_HELD_NS


def test_waiting_never_helps_what_is_larger_than_the_limit():
    assert book(limit(amount=1000)).reserve(tokens(1001)).retry_after_ns == 0


def test_of_several_limits_that_deny_the_one_is_named_that_is_waited_for_longest():
    kept = book(
        limit(Meter.REQUESTS, WindowKind.MINUTE, amount=1),
        limit(Meter.REQUESTS, WindowKind.DAY, amount=1),
    )
    kept.settle(kept.reserve(tokens(1)).reservation_id, tokens(1))
    assert kept.reserve(tokens(1)).level.limit.window is WindowKind.DAY


def test_a_check_says_the_same_and_changes_nothing():
    kept = book(limit(amount=1000))
    kept.reserve(tokens(900))
    before = kept.digest()
    now = Now(kept.now_ns, kept.decider.terms)
    allowed = check(kept.state, ACME, ANTHROPIC, tokens(100), now)
    denied = check(kept.state, ACME, ANTHROPIC, tokens(101), now)
    assert allowed.denial is None
    assert allowed.is_near_limit
    assert denied.denial is not None
    assert told(denied.denial, now.terms) == kept.reserve(tokens(101)).reason
    assert [level.held for level in denied.levels] == [900]
    assert before != kept.digest()  # the refusal is remembered; the checks were not


def test_more_limits_than_one_event_holds_are_refused_before_anything_is_moved():
    kept = book(*(limit(limit_id=f"l{place}") for place in range(MATCHING_LIMITS_MAX + 1)))
    with pytest.raises(FailedPrecondition, match="33 limits match this call, and at most 32"):
        kept.reserve(tokens(1))
    kept.delete("l0")
    assert isinstance(kept.reserve(tokens(1)), Granted)


def test_a_limit_on_a_day_holds_in_its_own_time_zone():
    kept = book(limit(amount=100, time_zone="Asia/Kolkata"))
    kept.reserve(tokens(100))
    kept.now_ns = NOON_NS + 6 * HOUR_NS + 30 * MINUTE_NS  # midnight there
    assert isinstance(kept.reserve(tokens(100)), Granted)
    kept.now_ns = NOON_NS + 12 * HOUR_NS  # midnight in London
    assert isinstance(kept.reserve(tokens(1)), Refused)


def test_a_call_without_what_a_limit_asks_for_does_not_meet_it():
    kept = book(limit(amount=0, selector=Selector(model="claude-x")))
    assert isinstance(kept.reserve(tokens(5), call=(Attribution(), Target())), Granted)


def test_reserved_and_dispatched_can_be_one_event():
    kept = book(limit())
    kept.reserve(tokens(5), is_dispatched=True)
    assert kept.last_event().is_dispatched
