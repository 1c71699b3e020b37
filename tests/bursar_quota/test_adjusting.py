"""Corrections: signed, in the windows of the use, never below nothing, marked."""

from __future__ import annotations

import pytest

from bursar.errors import InvalidRequest
from bursar.events.v1 import event_pb2, usage_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.answers import Refused
from bursar_quota.domain.limits import Selector
from bursar_quota.domain.meters import Amounts
from bursar_quota.requests import adjust_of
from quota_examples import DAY_NS, HOUR_NS, NOON_NS, Book, limit, tokens

TOTAL, BY_USER = "total/total_tokens/day", "user/ann/total_tokens/day"


def adjust(kept, used_at_ns=0, **amounts):
    request = quota_pb2.AdjustRequest(
        attribution=ledger_pb2.Attribution(tenant_id="acme", user_id="ann"),
        target=ledger_pb2.Target(provider="anthropic", model="claude-x"),
        amounts=ledger_pb2.Amounts(**amounts),
        author="bob",
        reason="the bill says so",
        corrects_id="usage-0-2",
        used_at_ns=used_at_ns,
    )
    return kept.do(adjust_of(request, kept.now_ns))


def kept_with_a_limit(amount=1000):
    kept = Book(now_ns=NOON_NS)
    kept.put(limit(amount=amount))
    return kept


def test_a_correction_counts_on_every_limit_that_matches():
    kept = kept_with_a_limit()
    kept.put(limit(amount=500, selector=Selector(user_id="ann")))
    kept.record(tokens(100))
    adjust(kept, input_tokens=30)
    assert kept.level(TOTAL) == kept.level(BY_USER) == (130, 0)
    adjust(kept, input_tokens=-50)
    assert kept.level(TOTAL) == kept.level(BY_USER) == (80, 0)


def test_it_may_take_a_level_above_its_limit_and_nothing_is_admitted_then():
    kept = kept_with_a_limit(amount=100)
    adjust(kept, output_tokens=150)
    assert kept.level(TOTAL) == (150, 0)
    assert isinstance(kept.reserve(tokens(1)), Refused)


def test_no_level_falls_below_nothing_and_each_takes_what_it_can():
    kept = kept_with_a_limit()
    kept.record(tokens(100))
    kept.put(limit(amount=500, selector=Selector(user_id="ann")))
    kept.record(tokens(10))
    adjust(kept, input_tokens=-60)
    assert (kept.level(TOTAL), kept.level(BY_USER)) == ((50, 0), (0, 0))
    assert kept.last_event().settled_deltas == (-60, -10)


def test_the_windows_of_the_use_are_corrected_not_those_of_the_correction():
    kept = kept_with_a_limit()
    kept.record(tokens(100))
    kept.now_ns += DAY_NS
    kept.record(tokens(7))
    adjust(kept, used_at_ns=NOON_NS + HOUR_NS, input_tokens=-60)
    assert kept.level(TOTAL) == (7, 0)
    assert kept.state.limits[TOTAL].buckets["2026-11-24"].settled == 40
    stands = kept.put(limit(amount=1000, limit_id="monthly", window=5))
    assert stands.level.settled == 47


def test_a_window_that_nothing_counts_any_more_stays_forgotten():
    kept = kept_with_a_limit()
    adjust(kept, used_at_ns=NOON_NS - 3 * DAY_NS, input_tokens=60)
    assert set(kept.state.limits[TOTAL].buckets) == {"2026-11-24"}
    assert kept.level(TOTAL) == (0, 0)


def test_who_corrected_what_and_why_is_in_the_log():
    kept = kept_with_a_limit()
    adjust(kept, input_tokens=30)
    envelope = event_pb2.Event.FromString(kept.log[-1])
    found = usage_pb2.UsageAdjusted.FromString(envelope.payload)
    assert envelope.kind == "usage.adjusted"
    assert (found.author, found.reason, found.corrects_id) == (
        "bob",
        "the bill says so",
        "usage-0-2",
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amounts": ledger_pb2.Amounts()}, "amounts"),
        ({"amounts": ledger_pb2.Amounts(input_tokens=-(2**63))}, "amounts"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 2000}, "reason"),
        ({"author": "x" * 2000}, "author"),
        ({"corrects_id": " x"}, "corrects_id"),
        ({"used_at_ns": -1}, "used_at_ns"),
        ({"used_at_ns": NOON_NS + 1}, "used_at_ns"),
        ({"attribution": ledger_pb2.Attribution(user_id="x" * 200)}, "attribution.user_id"),
    ],
)
def test_a_correction_that_cannot_be_is_refused_with_field_value_and_remedy(fields, field):
    good = {"amounts": ledger_pb2.Amounts(requests=1), "author": "bob", "reason": "why"}
    kept = Book(now_ns=NOON_NS)
    with pytest.raises(InvalidRequest) as caught:
        kept.do(adjust_of(quota_pb2.AdjustRequest(**{**good, **fields}), NOON_NS))
    (violation,) = caught.value.violations
    assert violation.field == field and violation.remedy


def test_a_correction_of_nothing_settled_is_as_if_it_had_not_been():
    kept = kept_with_a_limit()
    adjust(kept, input_tokens=-5)
    assert kept.level(TOTAL) == (0, 0)
    assert kept.last_event().amounts == Amounts(input_tokens=-5)
