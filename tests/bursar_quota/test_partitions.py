"""Many partitions: a tenant's money is in one of them, and a caller sees no difference."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from bursar.clients.remote import CONTRACTS
from bursar.errors import FailedPrecondition, LimitExceeded, NotFound, UnknownReservation
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.stream import StreamId
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar.rpc.naming import attribute_name
from bursar_quota.partitions import PartitionedQuota, home_of
from bursar_quota.replay import Until, state_at
from bursar_quota.service import QuotaService, Surroundings
from quota_services import COST_NANO_USD, QUICK, a_limit, a_reserve, a_settle

COUNT = 4
TENANTS = [f"tenant-{n}" for n in range(12)]


@asynccontextmanager
async def partitioned(log):
    quota = PartitionedQuota(
        [
            QuotaService(
                log, surroundings=Surroundings(stream=StreamId("usage", place), patience=QUICK)
            )
            for place in range(COUNT)
        ]
    )
    running = asyncio.ensure_future(quota.run())
    async with asyncio.timeout(20):
        await quota.ready()
    yield quota
    await quota.drain()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def of(tenant_id, request):
    request.attribution.CopyFrom(ledger_pb2.Attribution(tenant_id=tenant_id))
    return request


def test_tenants_are_spread_and_each_has_one_home_for_ever():
    homes = [home_of(tenant_id, COUNT) for tenant_id in TENANTS]
    assert set(homes) == set(range(COUNT))
    assert [home_of(tenant_id, 1) for tenant_id in TENANTS] == [0] * len(TENANTS)
    # Recorded by its number alone: these may never change.
    assert [home_of(name, 16) for name in ("default", "acme", "tenant-0")] == [13, 0, 0]


async def test_each_tenants_limits_hold_in_its_own_partition():
    log = MemoryLog()
    async with partitioned(log) as quota:
        for tenant_id in TENANTS:
            await quota.put_limit(a_limit(2 * COST_NANO_USD, tenant_id=tenant_id))
        for tenant_id in TENANTS:
            place = home_of(tenant_id, COUNT)
            for number in range(2):
                held = await quota.reserve(of(tenant_id, a_reserve(f"{tenant_id}-{number}")))
                assert held.position.partition == place
                assert held.position.event_id.startswith(f"usage-{place}-")
            with pytest.raises(LimitExceeded) as refused:
                await quota.reserve(of(tenant_id, a_reserve(f"{tenant_id}-3")))
            assert str(refused.value.facts["event_id"]).startswith(f"usage-{place}-")
            settled = await quota.settle(a_settle(held.reservation_id))
            assert settled.position.partition == place
        answer = await quota.list_limits(quota_pb2.ListLimitsRequest())
        assert len(answer.levels) == len(TENANTS)
    for place in range(COUNT):
        state = await state_at(log, StreamId("usage", place), Until(), lambda _: None)
        there = {entry.limit.selector.tenant_id for entry in state.limits.values()}
        assert there == {name for name in TENANTS if home_of(name, COUNT) == place}


async def test_a_limit_that_spans_tenants_is_refused_with_that_reason():
    async with partitioned(MemoryLog()) as quota:
        for request in (a_limit(1), a_limit(1, provider="anthropic")):
            with pytest.raises(FailedPrecondition, match="4 partitions") as refused:
                await quota.put_limit(request)
            assert refused.value.facts == {"partitions": 4}


async def test_limits_of_one_tenant_are_applied_together_and_of_several_one_by_one():
    async with partitioned(MemoryLog()) as quota:
        limits = [a_limit(5, tenant_id=tenant_id).limit for tenant_id in TENANTS]
        done = await quota.apply_limits(quota_pb2.ApplyLimitsRequest(limits=limits[:1]))
        assert done.position.partition == home_of(TENANTS[0], COUNT)
        with pytest.raises(FailedPrecondition, match="spans tenants"):
            await quota.apply_limits(quota_pb2.ApplyLimitsRequest(limits=limits))


async def test_a_limit_is_deleted_wherever_it_stands():
    async with partitioned(MemoryLog()) as quota:
        for tenant_id in TENANTS:
            made = await quota.put_limit(a_limit(5, tenant_id=tenant_id))
            request = quota_pb2.DeleteLimitRequest(limit_id=made.limit.limit_id)
            gone = await quota.delete_limit(request)
            assert gone.position.partition == home_of(tenant_id, COUNT)
        with pytest.raises(NotFound, match="there is no limit"):
            await quota.delete_limit(request)


async def test_an_id_that_was_never_given_is_nobodys():
    async with partitioned(MemoryLog()) as quota:
        for reservation_id in ("rsv_none", f"rsv_ff{'0' * 32}", f"rsv_01{'0' * 32}"):
            with pytest.raises(UnknownReservation):
                await quota.settle(a_settle(reservation_id))


def test_every_method_of_the_contract_is_answered():
    quota = PartitionedQuota([])
    for method in CONTRACTS["quota"].methods:
        assert callable(getattr(quota, attribute_name(method.name)))


async def test_many_orders_go_each_to_its_own_partition():
    tenants = TENANTS[:6]
    async with partitioned(MemoryLog()) as quota:
        orders = [of(tenant_id, a_reserve(f"r-{tenant_id}")) for tenant_id in tenants]
        found = await quota.reserve_many(quota_pb2.ReserveManyRequest(orders=orders))
        places = [result.reserve.position.partition for result in found.results]
        assert places == [home_of(tenant_id, COUNT) for tenant_id in tenants]

        async def requests():
            settles = [a_settle(result.reserve.reservation_id) for result in found.results]
            yield quota_pb2.SessionRequest(
                operations=[
                    quota_pb2.Operation(tag=tag, settle=settle)
                    for tag, settle in enumerate(settles)
                ]
            )

        settled = [one async for message in quota.session(requests()) for one in message.results]
        by_tag = sorted((one.tag, one.settle.position.partition) for one in settled)
        assert by_tag == list(enumerate(places))
