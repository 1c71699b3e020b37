"""When limits run out at the pace of the last day, or of their own window."""

from __future__ import annotations

from bursar_quota.domain.forecasting import forecast
from bursar_quota.domain.limits import Selector
from bursar_quota.domain.meters import Meter
from bursar_quota.domain.reading import levels_of_tenant
from bursar_quota.domain.terms import Now
from bursar_quota.domain.windows import WindowKind
from quota_examples import DAY_NS, HOUR_NS, MINUTE_NS, NOON_NS, Book, limit, tokens


def forecasts(kept):
    levels = levels_of_tenant(kept.state, "", Now(kept.now_ns, kept.decider.terms))
    return {one.level.limit.limit_id: one for one in forecast(kept.state, levels, kept.now_ns)}


def used_every_hour(kept, amount, hours):
    for _ in range(hours):
        kept.record(tokens(amount))
        kept.now_ns += HOUR_NS


def test_a_month_at_the_pace_of_the_last_day():
    kept = Book(now_ns=NOON_NS)
    kept.put(limit(window=WindowKind.MONTH, amount=24_000))
    used_every_hour(kept, 100, 24)
    (one,) = forecasts(kept).values()
    assert (one.pace.per_hour, one.pace.measured_over_ns) == (100, DAY_NS)
    assert one.runs_out_at_ns == 0  # 2,400 are used, and 5.5 days are left at 2,400 a day
    assert one.expected_at_end == 2_400 + 100 * 132
    kept.put(limit(window=WindowKind.MONTH, amount=4_800))
    (one,) = forecasts(kept).values()
    assert one.runs_out_at_ns == kept.now_ns + DAY_NS


def test_what_began_an_hour_ago_is_not_spread_over_a_day():
    kept = Book(now_ns=NOON_NS)
    kept.put(limit(window=WindowKind.MONTH, amount=4_800))
    used_every_hour(kept, 100, 1)
    (one,) = forecasts(kept).values()
    assert one.pace.measured_over_ns == HOUR_NS
    assert one.runs_out_at_ns == kept.now_ns + 47 * HOUR_NS


def test_short_windows_and_other_selectors_are_measured_by_their_own_window():
    kept = Book(now_ns=NOON_NS)
    kept.put(limit(window=WindowKind.HOUR, amount=600))
    kept.put(limit(amount=10_000, selector=Selector(user_id="ann")))
    kept.now_ns += 20 * MINUTE_NS
    kept.record(tokens(300))
    found = forecasts(kept)
    hourly = found["total/total_tokens/hour"]
    assert hourly.pace.per_hour == 900
    assert hourly.runs_out_at_ns == kept.now_ns + 20 * MINUTE_NS
    assert hourly.expected_at_end == 900
    assert found["user/ann/total_tokens/day"].pace.per_hour == 900


def test_unused_limits_do_not_run_out_and_spent_ones_have():
    kept = Book(now_ns=NOON_NS)
    kept.put(limit(amount=10))
    kept.put(limit(Meter.REQUESTS, WindowKind.LIFETIME, amount=0))
    found = forecasts(kept)
    assert list(found) == ["total/requests/lifetime", "total/total_tokens/day"]
    assert found["total/requests/lifetime"].runs_out_at_ns == kept.now_ns
    assert found["total/requests/lifetime"].expected_at_end == 0
    assert found["total/total_tokens/day"].runs_out_at_ns == 0


def test_a_lifetime_has_no_end_and_still_runs_out():
    kept = Book(now_ns=NOON_NS)
    kept.put(limit(window=WindowKind.LIFETIME, amount=200))
    used_every_hour(kept, 100, 1)
    (one,) = forecasts(kept).values()
    assert (one.runs_out_at_ns, one.expected_at_end) == (kept.now_ns + HOUR_NS, 0)
