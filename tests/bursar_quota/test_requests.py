"""Bad input is refused with the field, the value and the remedy; good input is copied."""

from __future__ import annotations

import pytest

from bursar.errors import InvalidRequest
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.limits import ManagedBy, Mode
from bursar_quota.domain.meters import Amounts
from bursar_quota.limit_requests import checked_limit, delete_limit_of, put_limit_of
from bursar_quota.requests import (
    LEASE_NS_DEFAULT,
    LEASE_NS_MAX,
    dispatch_of,
    record_usage_of,
    release_of,
    reserve_of,
    settle_of,
)
from quota_examples import NOON_NS

DAY_LIMIT = {
    "meter": quota_pb2.METER_TOTAL_TOKENS,
    "window": quota_pb2.WINDOW_DAY,
    "amount": 5,
}
BAD_LIMITS = {
    "limit.meter": {"meter": 0},
    "limit.meter ": {"meter": 99},
    "limit.window": {"window": 0},
    "limit.window ": {"window": 42},
    "limit.amount": {"amount": -1},
    "limit.mode": {"mode": 7},
    "limit.managed_by": {"managed_by": 7},
    "limit.time_zone": {"time_zone": "Mars/Olympus"},
    "limit.limit_id": {"limit_id": "no spaces"},
    "limit.limit_id ": {"limit_id": "x" * 129},
    "limit.rolling_ns": {"window": quota_pb2.WINDOW_ROLLING},
    "limit.rolling_ns ": {"window": quota_pb2.WINDOW_ROLLING, "rolling_ns": 367 * 86_400 * 10**9},
    "limit.rolling_ns  ": {"rolling_ns": 10**9},
    "limit.window  ": {"meter": quota_pb2.METER_CONCURRENT_RESERVATIONS},
    "limit.carry_over_max": {"carry_over_max": -1},
    "limit.carry_over_max ": {"window": quota_pb2.WINDOW_LIFETIME, "carry_over_max": 1},
    "limit: amount and carry-over": {"amount": 2**63 - 1, "carry_over_max": 1},
    "limit.alert_pcts": {"alert_pcts": [0]},
    "limit.alert_pcts ": {"alert_pcts": [101]},
    "limit.alert_pcts  ": {"alert_pcts": range(1, 10)},
    "limit.confidence_pct": {"confidence_pct": 101},
    "limit.selector.model_family": {"selector": quota_pb2.Selector(model_family="x" * 129)},
    "limit.selector.tenant_id": {"selector": quota_pb2.Selector(tenant_id=" ")},
    "limit.selector.tier": {"selector": quota_pb2.Selector(tier=77)},
    "limit.selector.labels": {
        "selector": quota_pb2.Selector(labels={f"l{place}": "" for place in range(17)})
    },
}
BAD_CALLS = {
    "operation_id": {"operation_id": "x" * 129},
    "operation_id ": {"operation_id": "a\nb"},
    "attribution.tenant_id": {"attribution": ledger_pb2.Attribution(tenant_id=" ")},
    "attribution.user_id": {"attribution": ledger_pb2.Attribution(user_id="é" * 65)},
    "attribution.labels": {
        "attribution": ledger_pb2.Attribution(labels={f"l{place}": "" for place in range(17)})
    },
    "attribution.labels[job]": {
        "attribution": ledger_pb2.Attribution(labels={"job": "x" * 10_000_000})
    },
    "attribution.labels name": {"attribution": ledger_pb2.Attribution(labels={"": "x"})},
    "attribution.labels name ": {"attribution": ledger_pb2.Attribution(labels={"x" * 65: "x"})},
    "target.model": {"target": ledger_pb2.Target(model="x" * 129)},
    "target.tier": {"target": ledger_pb2.Target(tier=9)},
    "amounts.requests": {"amounts": ledger_pb2.Amounts(requests=-1)},
    "amounts.input_tokens": {"amounts": ledger_pb2.Amounts(input_tokens=-1)},
    "amounts.output_tokens": {"amounts": ledger_pb2.Amounts(output_tokens=-1)},
    "amounts.cost_nano_usd": {"amounts": ledger_pb2.Amounts(cost_nano_usd=-1)},
    "amounts: input and output tokens together": {
        "amounts": ledger_pb2.Amounts(input_tokens=2**63 - 1, output_tokens=1)
    },
    "lease_ns": {"lease_ns": -1},
    "lease_ns  ": {"lease_ns": 0},
    "wait_ns": {"wait_ns": -1},
    "priority": {"priority": 10},
    "lease_ns ": {"lease_ns": LEASE_NS_MAX + 1},
}
BAD_SETTLES = {
    "reservation_id": {"reservation_id": ""},
    "usage.input_tokens": {"usage": ledger_pb2.TokenUsage(input_tokens=-1)},
    "usage: cached and cache-written tokens": {
        "usage": ledger_pb2.TokenUsage(
            input_tokens=5, cached_input_tokens=3, cache_write_tokens=2, cache_write_1h_tokens=1
        )
    },
    "usage.reasoning_tokens": {"usage": ledger_pb2.TokenUsage(output_tokens=5, reasoning_tokens=6)},
    "cost.total_nano_usd": {"cost": ledger_pb2.Cost(total_nano_usd=-1, is_known=True)},
    "cost.is_known": {"cost": ledger_pb2.Cost(total_nano_usd=1)},
    "cost.price.snapshot_hash": {
        "cost": ledger_pb2.Cost(price=ledger_pb2.PriceRow(snapshot_hash=b"short"))
    },
    "savings": {"savings": [ledger_pb2.Saving() for _ in range(9)]},
    "savings.reason": {"savings": [ledger_pb2.Saving(reason="x" * 257)]},
    "savings: reasons": {"savings": [ledger_pb2.Saving(reason="x" * 256) for _ in range(5)]},
    "used.requests": {"requests": -1},
    "provider_request_id": {"provider_request_id": "x" * 257},
    "duration_ns": {"duration_ns": -1},
    "outcome": {"outcome": 9},
    "source": {"source": 9},
}


def refused(call) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("field", BAD_LIMITS)
def test_a_bad_limit_is_refused_by_its_field(field):
    limit = quota_pb2.Limit(**{**DAY_LIMIT, **BAD_LIMITS[field]})
    error = refused(lambda: put_limit_of(quota_pb2.PutLimitRequest(limit=limit), NOON_NS))
    assert error.violations[0].field == field.strip()
    assert error.violations[0].remedy


@pytest.mark.parametrize("field", BAD_CALLS)
def test_a_bad_reserve_is_refused_by_its_field(field):
    request = quota_pb2.ReserveRequest(**BAD_CALLS[field])
    error = refused(lambda: reserve_of(request, NOON_NS))
    assert error.violations[0].field == field.strip()
    assert len(error.message) < 400


@pytest.mark.parametrize("field", BAD_SETTLES)
def test_a_bad_settle_is_refused_by_its_field(field):
    request = quota_pb2.SettleRequest(**{"reservation_id": "r", **BAD_SETTLES[field]})
    error = refused(lambda: settle_of(request, NOON_NS))
    assert error.violations[0].field == field.strip()


def test_an_amount_past_63_bits_cannot_even_be_said():
    with pytest.raises(ValueError, match="range"):
        ledger_pb2.Amounts(input_tokens=2**63)


def test_the_refusal_of_a_meter_names_those_that_there_are():
    limit = quota_pb2.Limit(window=quota_pb2.WINDOW_DAY, amount=1)
    error = refused(lambda: put_limit_of(quota_pb2.PutLimitRequest(limit=limit), NOON_NS))
    assert error.violations[0].remedy == (
        "give one of: requests, input_tokens, output_tokens, total_tokens, cost_nano_usd,"
        " concurrent_reservations"
    )


@pytest.mark.parametrize("order", [dispatch_of, release_of])
def test_an_order_about_a_reservation_names_it(order):
    request = {dispatch_of: quota_pb2.DispatchRequest, release_of: quota_pb2.ReleaseRequest}[order]
    assert refused(lambda: order(request(), NOON_NS)).violations[0].field == "reservation_id"


def test_to_delete_a_limit_it_has_to_be_named():
    request = quota_pb2.DeleteLimitRequest()
    assert refused(lambda: delete_limit_of(request, NOON_NS)).violations[0].field == "limit_id"


def test_what_is_left_out_has_its_default():
    command = reserve_of(quota_pb2.ReserveRequest(), NOON_NS)
    assert command.attribution.tenant_id == "default"
    assert command.amounts == Amounts(requests=1)
    assert command.lease_ns == LEASE_NS_DEFAULT
    assert command.stamp.operation_id
    limit = put_limit_of(quota_pb2.PutLimitRequest(limit=quota_pb2.Limit(**DAY_LIMIT)), NOON_NS)
    assert limit.limit.limit_id == "total/total_tokens/day"
    assert (limit.limit.mode, limit.limit.managed_by) == (Mode.HARD, ManagedBy.API)
    assert limit.limit.time_zone == "UTC"


def test_a_settle_is_one_request_and_recorded_usage_may_be_none():
    assert settle_of(quota_pb2.SettleRequest(reservation_id="r"), NOON_NS).used.requests == 1
    assert record_usage_of(quota_pb2.RecordUsageRequest(), NOON_NS).used.requests == 0


def test_an_order_holds_nothing_of_the_request_it_came_from():
    request = quota_pb2.ReserveRequest(attribution=ledger_pb2.Attribution(user_id="ann"))
    command = reserve_of(request, NOON_NS)
    request.attribution.user_id = "bob"
    assert command.attribution.user_id == "ann"


def test_the_fingerprint_is_that_of_the_content_and_of_the_order():
    one = quota_pb2.ReserveRequest(
        operation_id="a", attribution=ledger_pb2.Attribution(labels={"x": "1", "y": "2"})
    )
    same = quota_pb2.ReserveRequest(
        operation_id="a", attribution=ledger_pb2.Attribution(labels={"y": "2", "x": "1"})
    )
    other = quota_pb2.ReserveRequest(operation_id="a")
    fingerprints = [
        reserve_of(request, NOON_NS).stamp.fingerprint for request in (one, same, other)
    ]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]
    dispatch = dispatch_of(quota_pb2.DispatchRequest(operation_id="a", reservation_id="r"), NOON_NS)
    release = release_of(quota_pb2.ReleaseRequest(operation_id="a", reservation_id="r"), NOON_NS)
    assert dispatch.stamp.fingerprint != release.stamp.fingerprint


def test_ids_of_reservations_cannot_be_guessed_from_each_other():
    ids = {reserve_of(quota_pb2.ReserveRequest(), NOON_NS).reservation_id for _ in range(100)}
    assert len(ids) == 100
    assert {len(one) for one in ids} == {38}


def test_ids_that_a_limit_cannot_have_are_replaced_by_a_hash():
    named = [
        checked_limit(
            quota_pb2.Limit(selector=quota_pb2.Selector(model=model), **DAY_LIMIT)
        ).limit_id
        for model in ("a:b", "a b", "a/b", "claude-x")
    ]
    assert len(set(named)) == 4
    assert named[3] == "model/claude-x/total_tokens/day"
    assert all(one.startswith("selected/") for one in named[:3])
