"""The contract, the same in process and over gRPC: answers, error classes, facts."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from bursar.clients.quota import AskedOrders, RemoteQuota, orders_of
from bursar.errors import (
    Conflict,
    FailedPrecondition,
    InvalidRequest,
    LimitExceeded,
    UnknownReservation,
)
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar.rpc.calling import channel_to
from bursar.wiring.process import ProcessPlan, running
from bursar_quota.module import MODULE
from memory_ground import memory_ground
from quota_services import a_limit, a_reserve, a_settle


@asynccontextmanager
async def in_process(process):
    yield process.peers.client("quota")


@asynccontextmanager
async def remote(process):
    channel = channel_to(process.address)
    yield RemoteQuota(channel)
    await channel.close()


@pytest.fixture(params=[in_process, remote], ids=["in process", "remote"])
async def quota(request, tmp_path):
    async with (
        running(ProcessPlan((MODULE,)), memory_ground(tmp_path)) as process,
        request.param(process) as client,
    ):
        yield client


async def test_a_hold_lives_from_reserve_to_settle(quota):
    put = await quota.put_limit(a_limit(1000))
    assert put.level.available == 1000
    held = await quota.reserve(a_reserve(cost_nano_usd=600))
    assert held.held.cost_nano_usd == 600
    await quota.dispatch(quota_pb2.DispatchRequest(reservation_id=held.reservation_id))
    settled = await quota.settle(a_settle(held.reservation_id, 650))
    assert (settled.settled.cost_nano_usd, settled.overrun.cost_nano_usd) == (650, 50)
    other = await quota.reserve(a_reserve(cost_nano_usd=350))
    assert other.is_near_limit
    await quota.release(quota_pb2.ReleaseRequest(reservation_id=other.reservation_id))
    await quota.record_usage(
        quota_pb2.RecordUsageRequest(cost=ledger_pb2.Cost(total_nano_usd=50, is_known=True))
    )
    levels = (await quota.list_limits(quota_pb2.ListLimitsRequest())).levels
    assert [(level.settled, level.held) for level in levels] == [(700, 0)]
    await quota.delete_limit(quota_pb2.DeleteLimitRequest(limit_id=put.limit.limit_id))
    assert not (await quota.usage(quota_pb2.UsageRequest())).levels


async def test_a_refusal_arrives_with_its_facts_and_the_time_to_wait(quota):
    await quota.put_limit(a_limit(1000))
    await quota.reserve(a_reserve(cost_nano_usd=600))
    with pytest.raises(LimitExceeded, match="Would exceed monthly cost limit") as caught:
        await quota.reserve(a_reserve("x", cost_nano_usd=401))
    facts = caught.value.facts
    assert (facts["limit_id"], facts["meter"]) == ("total/cost_nano_usd/month", "cost_nano_usd")
    assert (facts["settled"], facts["held"], facts["requested"]) == (0, 600, 401)
    assert (facts["amount"], facts["operation_id"]) == (1000, "x")
    assert caught.value.retry_after_ns == 1_000_000_000


async def test_each_error_is_of_its_own_class(quota):
    held = await quota.reserve(a_reserve("a", is_dispatched=True))
    release = quota_pb2.ReleaseRequest(reservation_id=held.reservation_id)
    with pytest.raises(FailedPrecondition, match="settle it"):
        await quota.release(release)
    with pytest.raises(UnknownReservation, match="no reservation rsv_none"):
        await quota.settle(a_settle("rsv_none"))
    with pytest.raises(Conflict, match="other content"):
        await quota.reserve(a_reserve("a", cost_nano_usd=1))
    with pytest.raises(InvalidRequest) as caught:
        await quota.put_limit(quota_pb2.PutLimitRequest(limit=quota_pb2.Limit(meter=1, amount=1)))
    assert caught.value.violations[0].field == "limit.window"


async def test_a_label_of_ten_megabytes_is_refused_and_not_repeated(quota):
    request = a_reserve()
    request.attribution.labels["job"] = "x" * 10_000_000
    with pytest.raises(InvalidRequest) as caught:
        await quota.reserve(request)
    assert caught.value.violations[0].field == "attribution.labels[job]"
    assert len(caught.value.message) < 400


async def test_a_repeated_order_gets_the_first_answer(quota):
    await quota.put_limit(a_limit(600))
    first = await quota.reserve(a_reserve("a", cost_nano_usd=600))
    assert await quota.reserve(a_reserve("a", cost_nano_usd=600)) == first


async def test_a_hold_that_lasts_is_topped_up_extended_settled_in_part_and_corrected(quota):
    await quota.put_limit(a_limit(1000))
    held = await quota.reserve(a_reserve(cost_nano_usd=500))
    more = ledger_pb2.Amounts(cost_nano_usd=300)
    name = {"reservation_id": held.reservation_id}
    enlarged = await quota.top_up(quota_pb2.TopUpRequest(amounts=more, **name))
    assert enlarged.held.cost_nano_usd == 800
    with pytest.raises(LimitExceeded, match="Would exceed monthly cost limit"):
        await quota.top_up(quota_pb2.TopUpRequest(amounts=more, **name))
    extended = await quota.extend(quota_pb2.ExtendRequest(lease_ns=10**12, **name))
    assert extended.lease_expires_at_ns > held.lease_expires_at_ns
    partial = a_settle(held.reservation_id, 600)
    partial.is_partial = True
    assert not (await quota.settle(partial)).is_deferred
    await quota.settle(a_settle(held.reservation_id, 700))
    await quota.adjust(
        quota_pb2.AdjustRequest(amounts=ledger_pb2.Amounts(cost_nano_usd=-50), reason="a bill")
    )
    (level,) = (await quota.list_limits(quota_pb2.ListLimitsRequest())).levels
    assert (level.settled, level.held) == (650, 0)


async def test_limits_are_applied_explained_forecast_and_watched(quota):
    limit = a_limit(1000).limit
    applied = await quota.apply_limits(quota_pb2.ApplyLimitsRequest(limits=[limit]))
    assert [change.after.limit_id for change in applied.changes] == ["total/cost_nano_usd/month"]
    asked = ledger_pb2.Amounts(cost_nano_usd=1001)
    explained = await quota.explain(quota_pb2.ExplainRequest(amounts=asked))
    assert not explained.is_allowed and explained.limits[0].requested == 1001
    held = await quota.reserve(a_reserve(cost_nano_usd=900))
    await quota.settle(a_settle(held.reservation_id, 900))
    forecast = await quota.forecast(quota_pb2.ForecastRequest())
    assert forecast.limits[0].pace_per_hour >= 900
    seen = []
    async for response in quota.watch_alerts(quota_pb2.WatchAlertsRequest()):
        seen.append(response.alert)
        if len(seen) == 2:
            break
    assert [alert.threshold_pct for alert in seen] == [50, 80]
    assert list((await quota.alerts(quota_pb2.AlertsRequest())).alerts) == seen


async def test_the_two_orders_of_a_call_are_the_same_wherever_quota_stands(quota):
    orders = orders_of(quota)
    await quota.put_limit(a_limit(1000))
    reservation_id = await orders.hold(a_reserve(cost_nano_usd=600))
    with pytest.raises(LimitExceeded, match="Would exceed monthly cost limit") as caught:
        await orders.hold(a_reserve(cost_nano_usd=401))
    assert caught.value.facts["limit_id"]
    await orders.account(a_settle(reservation_id, 650))
    with pytest.raises(InvalidRequest):
        await orders.account(a_settle("", 1))
    levels = (await quota.list_limits(quota_pb2.ListLimitsRequest())).levels
    assert [(level.settled, level.held) for level in levels] == [(650, 0)]


async def test_orders_are_direct_only_where_quota_is_hosted(tmp_path):
    async with running(ProcessPlan((MODULE,)), memory_ground(tmp_path)) as process:
        hosted = process.peers.client("quota")
        assert not isinstance(orders_of(hosted), AskedOrders)
        async with remote(process) as elsewhere:
            assert isinstance(orders_of(elsewhere), AskedOrders)
