"""Alerts: once for each limit, window and threshold, whatever caused the use."""

from __future__ import annotations

import pytest

from bursar_quota.alert_feed import raised_after
from bursar_quota.alert_messages import alert_message
from bursar_quota.domain.alerts import ALERTS_KEPT_MAX
from bursar_quota.domain.commands import MoveHorizon
from bursar_quota.domain.events import AlertRaised
from bursar_quota.domain.limits import Selector
from bursar_quota.domain.meters import Meter
from bursar_quota.domain.windows import WindowKind
from quota_examples import DAY_NS, HOUR_NS, LEASE_NS, MINUTE_NS, NOON_NS, Book, book, limit, tokens

BY_ANTHROPIC = Selector(provider="anthropic")


def kept_with(*limits):
    kept = Book(now_ns=NOON_NS)
    for one in limits:
        kept.put(one)
    return kept


def told(kept):
    """What was told since the last look."""
    before = len(kept.log)
    kept.tick()
    events = kept.events()[before:]
    return [
        (event.level.limit.limit_id, event.threshold_pct)
        for event in events
        if isinstance(event, AlertRaised)
    ]


@pytest.mark.parametrize(
    ("settled", "pcts"),
    [(500, []), (501, [50]), (800, [50]), (801, [50, 80]), (999, [50, 80]), (1000, [50, 80, 100])],
)
def test_above_50_and_80_percent_and_at_100(settled, pcts):
    kept = kept_with(limit(amount=1000))
    kept.record(tokens(settled))
    assert [pct for _, pct in told(kept)] == pcts


def test_once_for_each_threshold_and_window():
    kept = kept_with(limit(amount=1000))
    kept.record(tokens(501))
    assert [pct for _, pct in told(kept)] == [50]
    kept.record(tokens(100))
    assert told(kept) == []
    kept.record(tokens(200))
    assert [pct for _, pct in told(kept)] == [80]
    kept.now_ns += DAY_NS
    kept.record(tokens(501))
    assert [pct for _, pct in told(kept)] == [50]


def test_what_falls_and_rises_again_is_not_told_twice():
    kept = book(limit(amount=1000))
    held = kept.reserve(tokens(900), is_dispatched=True)
    kept.pass_time(LEASE_NS)
    assert kept.level("total/total_tokens/day") == (900, 0)
    kept.settle(held.reservation_id, tokens(100))
    assert told(kept) == []
    kept.record(tokens(800))
    assert told(kept) == []


def test_what_is_only_held_is_not_told_of():
    kept = kept_with(limit(amount=1000))
    held = kept.reserve(tokens(900))
    assert told(kept) == []
    kept.settle(held.reservation_id, tokens(900))
    assert [pct for _, pct in told(kept)] == [50, 80]


def test_each_limit_has_thresholds_of_its_own():
    kept = kept_with(
        limit(amount=1000, alert_pcts=(25, 90)), limit(amount=600, selector=BY_ANTHROPIC)
    )
    kept.record(tokens(301))
    assert told(kept) == [
        ("total/total_tokens/day", 25),
        ("provider/anthropic/total_tokens/day", 50),
    ]


def test_lowering_a_limit_below_its_level_is_told_of_and_a_new_limit_says_where_it_stands():
    kept = kept_with(limit(amount=10_000))
    kept.record(tokens(900))
    assert told(kept) == []
    kept.put(limit(amount=1000))
    assert [pct for _, pct in told(kept)] == [50, 80]
    kept.put(limit(amount=900, limit_id="new"))
    assert told(kept) == [("new", 50), ("new", 80), ("new", 100)]


def test_a_limit_of_nothing_is_reached_by_anything():
    kept = kept_with(limit(Meter.COST_NANO_USD, amount=0, alert_pcts=(100,)))
    kept.tick()
    assert told(kept) == []
    kept.record(tokens(1, 1, cost_nano_usd=1))
    assert [pct for _, pct in told(kept)] == [100]


def test_a_rolling_window_is_told_of_once_in_each_stretch_of_its_length():
    kept = kept_with(
        limit(amount=1000, window=WindowKind.ROLLING, rolling_ns=HOUR_NS, alert_pcts=(80,))
    )
    for _ in range(11):
        kept.record(tokens(300))
        kept.now_ns += 5 * MINUTE_NS
        if _ == 3:
            assert [pct for _, pct in told(kept)] == [80]
    assert told(kept) == []
    kept.now_ns += 10 * MINUTE_NS
    kept.record(tokens(300))
    assert [pct for _, pct in told(kept)] == [80]


def test_a_deleted_limit_is_forgotten_with_its_alerts():
    kept = kept_with(limit(amount=1000))
    kept.record(tokens(600))
    assert len(told(kept)) == 1
    kept.delete("total/total_tokens/day")
    kept.put(limit(amount=1000))
    assert len(told(kept)) == 1


def test_it_has_what_the_founding_designs_alerts_have_and_more():
    kept = kept_with(limit(amount=1000, selector=BY_ANTHROPIC))
    kept.record(tokens(850))
    kept.tick()
    alert = alert_message(raised_after(kept.state, 0)[-1])
    assert (alert.kind, alert.provider, alert.resource) == (
        "approaching_limit",
        "anthropic",
        "tokens",
    )
    assert alert.usage_pct == 85.0
    assert alert.threshold_pct == 80
    assert alert.message == ("daily token limit for anthropic is above 80 %: 850 of 1,000 settled")
    kept.record(tokens(150))
    kept.tick()
    assert alert_message(raised_after(kept.state, 0)[-1]).kind == "limit_reached"


def test_the_newest_are_kept_to_be_asked_for_by_tenant():
    kept = kept_with(limit(amount=10, selector=Selector(tenant_id="acme")), limit(amount=10))
    kept.record(tokens(6))
    kept.tick()
    assert len(raised_after(kept.state, 0)) == 2
    (of_acme,) = raised_after(kept.state, 0, "acme")
    assert of_acme.origin.tenant_id == "acme"
    assert raised_after(kept.state, of_acme.number, "acme") == []
    for number in range(ALERTS_KEPT_MAX + 50):
        kept.put(limit(amount=10, limit_id=f"l{number}", alert_pcts=(50,)))
        kept.tick()
    assert len(kept.state.alerts) == ALERTS_KEPT_MAX


def test_alerts_are_replayed_and_survive_a_snapshot():
    kept = kept_with(limit(amount=10))
    kept.record(tokens(6))
    kept.tick()
    kept.now_ns += 40 * DAY_NS
    kept.record(tokens(6))
    kept.tick()
    kept.do(MoveHorizon(kept.now_ns - DAY_NS))
    assert kept.replayed().alerts == kept.state.alerts
    assert list(kept.state.alerted["total/total_tokens/day"]) == ["2027-01-03"]
