"""Limits from a file: both shapes, exact money, and mistakes named on one line."""

from __future__ import annotations

import pytest

from bursar.errors import InvalidRequest
from bursar.money import NANO_USD_PER_USD
from bursar.quota.v1 import quota_pb2
from bursar_quota.limit_requests import checked_limit
from bursar_quota.limits_export import limits_yaml
from bursar_quota.limits_file import parse_limits, read_limits
from bursar_quota.messages import limit_message

FOUNDING = """
anthropic:
  requests_per_minute: 50
  tokens_per_day: 1000000
  cost_per_day_usd: 100.0
openai: {tokens_per_hour: 5_000}
total:
  cost_per_month_usd: 500.0
"""


def shown(limits):
    return {checked_limit(limit).limit_id: limit.amount for limit in limits}


def test_the_founding_designs_shape_is_read():
    assert shown(parse_limits(FOUNDING, "limits.yaml")) == {
        "provider/anthropic/requests/minute": 50,
        "provider/anthropic/total_tokens/day": 1_000_000,
        "provider/anthropic/cost_nano_usd/day": 100 * NANO_USD_PER_USD,
        "provider/openai/total_tokens/hour": 5000,
        "total/cost_nano_usd/month": 500 * NANO_USD_PER_USD,
    }


def test_its_planners_names_are_aliases_of_the_total():
    assert shown(parse_limits("{daily_tokens: 100, daily_api_calls: 7}", "f")) == {
        "total/total_tokens/day": 100,
        "total/requests/day": 7,
    }
    assert shown(parse_limits("total: {daily_tokens: 100, monthly_cost_usd: 1}", "f")) == {
        "total/total_tokens/day": 100,
        "total/cost_nano_usd/month": NANO_USD_PER_USD,
    }


def test_the_full_shape_is_read():
    text = """
time_zone: Europe/Berlin
limits:
  - id: nightly
    selector: {tenant: acme, user: ann, tier: paid_api, labels: {job: nightly}}
    meter: cost
    window: week
    amount: 5usd
    mode: soft
    time_zone: Asia/Kolkata
  - {meter: output_tokens, window: lifetime, amount: "9,000"}
"""
    nightly, output = parse_limits(text, "limits.yaml")
    assert nightly == quota_pb2.Limit(
        limit_id="nightly",
        selector=quota_pb2.Selector(
            tenant_id="acme", user_id="ann", tier=4, labels={"job": "nightly"}
        ),
        meter=quota_pb2.METER_COST_NANO_USD,
        window=quota_pb2.WINDOW_WEEK,
        amount=5 * NANO_USD_PER_USD,
        mode=quota_pb2.MODE_SOFT,
        time_zone="Asia/Kolkata",
        managed_by=quota_pb2.MANAGED_BY_FILE,
    )
    assert (output.limit_id, output.amount) == ("", 9000)
    assert output.time_zone == "Europe/Berlin"


def test_a_list_alone_is_the_full_shape_and_an_empty_mapping_has_none():
    assert shown(parse_limits("[{meter: requests, window: day, amount: 3}]", "f")) == {
        "total/requests/day": 3
    }
    assert parse_limits("{}", "f") == []


def test_money_is_exact_to_the_last_digit():
    (limit,) = parse_limits("total: {cost_per_day_usd: 1234567.123456789}", "f")
    assert limit.amount == 1_234_567_123_456_789


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("anthropic: {tokens_per_fortnight: 5}", "f: anthropic: 'tokens_per_fortnight'"),
        ("anthropic: {tokens_per_day_usd: 5}", "f: anthropic: 'tokens_per_day_usd'"),
        ("anthropic: {tokens_per_day: -5}", "f: anthropic.tokens_per_day: '-5'"),
        ("anthropic: {tokens_per_day: 1.5}", "f: anthropic.tokens_per_day: '1.5'"),
        ("anthropic: {tokens_per_day: 9223372036854775808}", "f: anthropic.tokens_per_day"),
        ("anthropic: {cost_per_day_usd: lots}", "f: anthropic.cost_per_day_usd: 'lots'"),
        ("anthropic: {cost_per_day_usd: 0.1234567891}", "use at most nine decimals"),
        ("anthropic: [1, 2]", "f: anthropic"),
        ("anthropic: {tokens_per_day: [1]}", "f: anthropic.tokens_per_day: \"['1']\""),
        ("? [a]\n: 5", "f: 'found unhashable key in line 1'"),
        ("a: \x00", "f: "),
        ("a: &a {b: *a}", "recursive node in line 1"),
        ("tokens: 5", "f: total: 'tokens'"),
        ("just text", "f: 'just text'"),
        ("limits: [{window: day, amount: 1}]", "f: limits.0.meter"),
        ("limits: [{meter: tokens, amount: 1}]", "f: limits.0.window"),
        ("limits: [{meter: gold, window: day, amount: 1}]", "f: limits.0.meter: 'gold'"),
        ("limits: [{meter: tokens, window: day, amount: 1, a: b}]", "f: limits.0.a: 'b'"),
        (
            "limits: [{meter: tokens, window: day, amount: 1, selector: {planet: Mars}}]",
            "f: limits.0.selector.planet: 'Mars'",
        ),
        (
            "limits: [{meter: tokens, window: day, amount: 1, time_zone: Mars/Olympus}]",
            "f: limits[0]: limit.time_zone: 'Mars/Olympus'",
        ),
        ("limits: [{meter: tokens, window: day, amount: 1, id: a b}]", "limit.limit_id: 'a b'"),
        ("total: {daily_tokens: 1, tokens_per_day: 2}", "total/total_tokens/day"),
        (
            "total: {daily_tokens: 1}\ntotal: {daily_tokens: 2}",
            "f: 'key total comes twice in line 2'",
        ),
        ("a: [", "in line 1"),
        ("a: !!python/object/apply:os.system [ls]", "f: a"),
    ],
)
def test_a_mistake_is_named_with_its_place_on_one_line(text, told):
    with pytest.raises(InvalidRequest) as caught:
        parse_limits(text, "f")
    assert told in caught.value.message
    assert len(caught.value.message.splitlines()) == 1
    assert caught.value.violations


def test_all_mistakes_of_a_kind_are_told_at_once():
    with pytest.raises(InvalidRequest) as caught:
        parse_limits("limits: [{meter: a, window: b, amount: 1}]", "f")
    assert len(caught.value.message.splitlines()) == 2


def test_a_file_is_read_and_one_that_is_too_large_is_not(tmp_path):
    path = tmp_path / "limits.yaml"
    path.write_text(FOUNDING)
    assert len(read_limits(path)) == 5
    path.write_text("#" * 5_000_000)
    with pytest.raises(InvalidRequest, match="at most"):
        read_limits(path)


def test_what_is_exported_reads_as_the_same_limits():
    text = """
time_zone: Europe/Berlin
anthropic: {requests_per_minute: 50, cost_per_day_usd: 0.000000001}
limits:
  - {id: a, selector: {user: "ann: #1", tier: login_cli, labels: {job: "yes"}}, meter: tokens,
     window: week, amount: 7, mode: soft}
  - {id: b, meter: cost, window: lifetime, amount: 9223372036usd, time_zone: Asia/Kolkata}
"""
    limits = [limit_message(checked_limit(limit)) for limit in parse_limits(text, "f")]
    exported = limits_yaml(reversed(limits))
    assert parse_limits(exported, "f") == sorted(limits, key=lambda limit: limit.limit_id)
    assert len(exported.splitlines()) == 1 + len(limits)


def test_no_limits_export_to_a_file_without_any():
    assert parse_limits(limits_yaml([]), "f") == []
