"""What time causes: leases run out by an event, with grace after an outage."""

from __future__ import annotations

import pytest

from bursar.errors import FailedPrecondition, UnknownReservation
from bursar_quota.domain.answers import Granted
from bursar_quota.domain.calls import Attribution
from bursar_quota.domain.events import Expired, HorizonMoved
from bursar_quota.domain.expiry import CHARGED_KEPT_NS, EXPIRED_AT_ONCE_MAX
from bursar_quota.domain.meters import Amounts, Meter
from bursar_quota.domain.state import NS_PER_S
from bursar_quota.domain.windows import WindowKind
from bursar_quota.grace import GRACE_NS_MAX, GRACE_NS_MIN, STANDSTILL_NS, Grace
from quota_examples import ANTHROPIC, DAY_NS, HOUR_NS, LEASE_NS, MINUTE_NS, book, limit, tokens

TOTAL = "total/total_tokens/day"
S = NS_PER_S


@pytest.mark.parametrize(("waited_ns", "is_held"), [(LEASE_NS - 1, True), (LEASE_NS, False)])
def test_an_undispatched_hold_is_let_go_when_its_lease_runs_out(waited_ns, is_held):
    kept = book(limit())
    kept.reserve(tokens(100))
    kept.pass_time(waited_ns)
    assert kept.level(TOTAL) == (0, 100 if is_held else 0)


def test_a_dispatched_hold_is_charged_in_full():
    kept = book(limit(), limit(Meter.COST_NANO_USD))
    kept.dispatch(kept.reserve(tokens(70, 30, 500)).reservation_id)
    kept.pass_time(LEASE_NS)
    assert kept.level(TOTAL) == (100, 0)
    assert kept.level("total/cost_nano_usd/day") == (500, 0)
    assert kept.last_event().charged == tokens(70, 30, 500)


def test_a_late_settle_replaces_the_charge():
    kept = book(limit())
    held = kept.reserve(tokens(100), is_dispatched=True)
    kept.pass_time(LEASE_NS)
    answer = kept.settle(held.reservation_id, tokens(130))
    assert kept.last_event().is_late
    assert answer.overrun == Amounts(0, 30, 0, 0)
    assert kept.level(TOTAL) == (130, 0)
    kept.delete(TOTAL)
    assert kept.put(limit()).level.settled == 130


@pytest.mark.parametrize("late_ns", [7 * DAY_NS, 7 * DAY_NS + 1])
def test_a_late_settle_has_seven_days(late_ns):
    kept = book(limit())
    held = kept.reserve(tokens(100), is_dispatched=True)
    kept.pass_time(LEASE_NS)
    kept.now_ns += late_ns
    if late_ns == 7 * DAY_NS:
        kept.settle(held.reservation_id, tokens(60))
        return
    with pytest.raises(FailedPrecondition, match="record the difference with RecordUsage"):
        kept.settle(held.reservation_id, tokens(60))


def test_a_charge_that_nobody_settled_is_forgotten_after_a_month():
    kept = book(limit())
    held = kept.reserve(tokens(100), is_dispatched=True)
    kept.pass_time(LEASE_NS)
    kept.now_ns += CHARGED_KEPT_NS + 2 * DAY_NS
    kept.reserve(tokens(1))
    kept.tick()
    kept.pass_time(DAY_NS + HOUR_NS)
    with pytest.raises(UnknownReservation):
        kept.settle(held.reservation_id, tokens(60))


def test_a_hold_that_was_let_go_is_not_settled_but_recorded():
    kept = book(limit())
    held = kept.reserve(tokens(100))
    kept.pass_time(LEASE_NS)
    with pytest.raises(FailedPrecondition, match="was let go when its lease ran out"):
        kept.settle(held.reservation_id, tokens(60))
    kept.record(tokens(60))
    assert kept.level(TOTAL) == (60, 0)


def test_what_ran_out_makes_room_for_others():
    kept = book(limit(amount=100))
    kept.reserve(tokens(100))
    kept.pass_time(LEASE_NS)
    assert isinstance(kept.reserve(tokens(100)), Granted)


def test_many_leases_run_out_in_portions_that_fit_a_frame():
    kept = book(limit(amount=10**6))
    for _ in range(3 * EXPIRED_AT_ONCE_MAX + 1):
        kept.reserve(tokens(1))
    written = len(kept.log)
    kept.pass_time(LEASE_NS)
    assert len(kept.log) - written == 3 * EXPIRED_AT_ONCE_MAX + 1
    assert kept.level(TOTAL) == (0, 0)
    assert kept.tick() == 0


def test_an_expiry_says_whose_it_was():
    kept = book()
    caller = Attribution("acme", task_id="t1", labels=(("job", "x"),))
    kept.reserve(tokens(5), call=(caller, ANTHROPIC))
    kept.pass_time(LEASE_NS)
    event = kept.last_event()
    assert isinstance(event, Expired)
    assert (event.attribution, event.target, event.charged) == (caller, ANTHROPIC, None)


def test_nothing_expires_within_30_seconds_of_a_takeover():
    kept = book(limit())
    kept.reserve(tokens(100), lease_ns=10 * S)
    kept.decider._epoch = lambda: 2
    kept.tick()
    kept.pass_time(GRACE_NS_MIN - 1)
    assert kept.level(TOTAL) == (0, 100)
    kept.pass_time(1)
    assert kept.level(TOTAL) == (0, 0)


def test_after_a_long_outage_nothing_expires_for_as_long_again():
    kept = book(limit())
    kept.reserve(tokens(100), lease_ns=10 * S)
    kept.now_ns += 10 * MINUTE_NS
    kept.decider._epoch = lambda: 2
    kept.tick()
    kept.pass_time(10 * MINUTE_NS - 1)
    assert kept.level(TOTAL) == (0, 100)
    kept.pass_time(1)
    assert kept.level(TOTAL) == (0, 0)


def test_a_process_that_stood_still_gives_grace_too():
    kept = book(limit())
    kept.reserve(tokens(100), lease_ns=10 * S)
    kept.now_ns += 5 * MINUTE_NS
    assert kept.tick() == 0
    kept.pass_time(5 * MINUTE_NS)
    assert kept.level(TOTAL) == (0, 0)


def test_leases_that_begin_after_an_outage_have_no_grace():
    kept = book(limit())
    kept.now_ns += DAY_NS
    kept.decider._epoch = lambda: 2
    kept.tick()
    kept.now_ns += 1
    kept.reserve(tokens(100), lease_ns=10 * S)
    kept.pass_time(10 * S)
    assert kept.level(TOTAL) == (0, 0)


def test_grace_lasts_while_the_log_does_not_answer_and_as_long_again():
    grace = Grace()
    grace.spares_begun_by_ns(1, 0, 1000 * S)
    for at_s in range(1031, 1130):
        grace.failed(at_s * S)
        assert grace.spares_begun_by_ns(1, 0, at_s * S) == at_s * S
    grace.answered(1130 * S)
    for at_s in range(1130, 1230):
        spared_ns = grace.spares_begun_by_ns(1, 0, at_s * S - 1)
        assert spared_ns == (1130 * S if at_s * S - 1 < (1130 + 99) * S else 0)


def test_an_outage_is_over_when_nobody_is_turned_away_any_more():
    grace = Grace()
    for at_s in range(1000, 1040):
        grace.spares_begun_by_ns(1, 0, at_s * S)
    grace.failed(1040 * S)
    spared = [grace.spares_begun_by_ns(1, 0, at_s * S) for at_s in range(1040, 1075)]
    assert spared[0] > 0
    assert spared[-1] == 0


@pytest.mark.parametrize(
    ("gap_ns", "has_grace"), [(STANDSTILL_NS, False), (STANDSTILL_NS + 1, True)]
)
def test_a_pause_of_the_tick_is_no_outage_up_to_five_seconds(gap_ns, has_grace):
    grace = Grace()
    now_ns = 1000 * S
    grace.spares_begun_by_ns(1, 0, now_ns)
    for _ in range(7):
        now_ns += 5 * S
        grace.spares_begun_by_ns(1, 0, now_ns)
    assert bool(grace.spares_begun_by_ns(1, 0, now_ns + gap_ns)) is has_grace


def test_no_grace_is_longer_than_the_longest_lease():
    grace = Grace()
    grace.spares_begun_by_ns(1, 1, 10**6 * S)
    at_ns = 10**6 * S
    while grace.spares_begun_by_ns(1, 1, at_ns):
        at_ns += S
    assert at_ns == 10**6 * S + GRACE_NS_MAX


def test_a_new_log_has_the_shortest_grace():
    grace = Grace()
    assert grace.spares_begun_by_ns(1, 0, 10**6 * S)
    for step in range(1, 31):
        last = grace.spares_begun_by_ns(1, 0, (10**6 + step) * S)
    assert last == 0


def test_windows_that_ended_before_the_horizon_are_forgotten():
    kept = book(limit(Meter.REQUESTS, WindowKind.MINUTE, amount=5))
    for _ in range(5):
        kept.settle(kept.reserve(tokens(1)).reservation_id, tokens(1))
        kept.pass_time(MINUTE_NS)
    assert len(kept.state.limits["total/requests/minute"].buckets) >= 5
    kept.pass_time(DAY_NS + 2 * HOUR_NS)
    assert len(kept.state.limits["total/requests/minute"].buckets) == 0


def test_the_horizon_moves_at_most_every_hour_and_rests_when_nothing_is_remembered():
    kept = book(limit())
    kept.pass_time(5 * HOUR_NS)
    moves = [event for event in kept.events() if isinstance(event, HorizonMoved)]
    assert 4 <= len(moves) <= 6
    kept.pass_time(40 * HOUR_NS)
    assert not kept.state.operations
    written = len(kept.log)
    kept.pass_time(10 * HOUR_NS)
    assert len(kept.log) == written
