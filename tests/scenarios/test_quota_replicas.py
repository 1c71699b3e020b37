"""Several replicas of quota on one broker: one leads, all answer, and any of them may go."""

import asyncio
import time

import grpc
import pytest

from bursar.errors import DeadlineExceeded, Unavailable
from bursar.quota.v1 import quota_pb2, quota_pb2_grpc
from bursar.rpc.forwarding import FORWARDED, LEADER
from bursar_quota.domain.events import Reserved
from bursar_quota.partitions import home_of
from nats_broker import NatsBroker
from quota_fleet import fleet_of
from quota_services import (
    COST_NANO_USD,
    a_limit,
    a_reserve,
    digest_of,
    digest_of_replay,
    outcomes,
    replayed,
)

pytestmark = pytest.mark.broker

TAKEOVER_S_MAX = 3.0


@pytest.fixture
def broker():
    started = NatsBroker().start()
    yield started
    started.remove()


async def until_it_answers(quota, operation_id):
    """Asks again and again with the same id, as a caller does; how long it took, in seconds."""
    began = time.monotonic()
    async with asyncio.timeout(20):
        while True:
            try:
                answer = await quota.reserve(a_reserve(operation_id))
                return answer, time.monotonic() - began
            except (Unavailable, DeadlineExceeded):
                continue


async def test_any_replica_takes_any_call_and_names_the_leader(broker, tmp_path):
    async with fleet_of(3, broker.url, tmp_path) as fleet:
        leader = await fleet.leader()
        others = [replica for replica in fleet.replicas if replica is not leader]
        await others[0].quota.put_limit(a_limit(20 * COST_NANO_USD))
        found = await outcomes(
            replica.quota.reserve(a_reserve(f"r{n}"))
            for n in range(30)
            for replica in (fleet.replicas[n % 3],)
        )
        granted = [one for one in found if isinstance(one, quota_pb2.ReserveResponse)]
        assert len(granted) == 20
        assert await digest_of(others[1].quota) == await digest_of_replay(fleet.log)
        async with grpc.aio.insecure_channel(others[0].address) as channel:
            call = quota_pb2_grpc.QuotaServiceStub(channel).ListLimits(
                quota_pb2.ListLimitsRequest()
            )
            await call
            assert (LEADER, leader.address) in tuple(await call.trailing_metadata())


async def test_many_orders_at_a_time_and_streams_of_them_go_to_the_leader_too(broker, tmp_path):
    async with fleet_of(2, broker.url, tmp_path) as fleet:
        leader = await fleet.leader()
        (standby,) = (replica for replica in fleet.replicas if replica is not leader)
        await standby.quota.put_limit(a_limit(20 * COST_NANO_USD))
        orders = [a_reserve(f"many-{n}") for n in range(12)]
        answer = await standby.quota.reserve_many(quota_pb2.ReserveManyRequest(orders=orders))
        assert all(one.HasField("reserve") for one in answer.results)

        async def operations():
            for n in range(12):
                operation = quota_pb2.Operation(tag=n, reserve=a_reserve(f"session-{n}"))
                yield quota_pb2.SessionRequest(operations=[operation])

        found = [
            result
            async for response in standby.quota.session(operations())
            for result in response.results
        ]
        assert sum(one.HasField("reserve") for one in found) == 8
        assert sum(one.HasField("error") for one in found) == 4


async def test_orders_of_tenants_all_over_are_answered_by_any_replica(broker, tmp_path):
    async with fleet_of(2, broker.url, tmp_path, partitions=4) as fleet:
        tenants = [f"tenant-{n}" for n in range(16)]
        orders = [a_reserve(f"r-{tenant_id}") for tenant_id in tenants]
        for order, tenant_id in zip(orders, tenants, strict=True):
            order.attribution.tenant_id = tenant_id
        request = quota_pb2.ReserveManyRequest(orders=orders)
        for replica in fleet.replicas:
            answer = await replica.quota.reserve_many(request)
            places = [one.reserve.position.partition for one in answer.results]
            assert places == [home_of(tenant_id, 4) for tenant_id in tenants]


async def test_a_call_is_forwarded_at_most_once(broker, tmp_path):
    async with fleet_of(2, broker.url, tmp_path) as fleet:
        leader = await fleet.leader()
        (standby,) = (replica for replica in fleet.replicas if replica is not leader)
        async with grpc.aio.insecure_channel(standby.address) as channel:
            stub = quota_pb2_grpc.QuotaServiceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.ListLimits(quota_pb2.ListLimitsRequest(), metadata=((FORWARDED, "1"),))
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_standby_leads_within_three_seconds_of_a_kill_and_has_all_that_was_acknowledged(
    broker, tmp_path
):
    async with fleet_of(3, broker.url, tmp_path) as fleet:
        leader = await fleet.leader()
        survivor = next(replica for replica in fleet.replicas if replica is not leader)
        await survivor.quota.put_limit(a_limit(100 * COST_NANO_USD))
        before = await outcomes(survivor.quota.reserve(a_reserve(f"r{n}")) for n in range(30))
        assert all(isinstance(one, quota_pb2.ReserveResponse) for one in before)
        leader.kill()
        _, took_s = await until_it_answers(survivor.quota, "after")
        assert took_s <= TAKEOVER_S_MAX
        again = await outcomes(survivor.quota.reserve(a_reserve(f"r{n}")) for n in range(30))
        assert [one.reservation_id for one in again] == [one.reservation_id for one in before]
        _, events = await replayed(fleet.log)
        assert sum(isinstance(event, Reserved) for event in events) == 31


async def test_a_leader_that_was_stopped_writes_nothing_when_it_goes_on(broker, tmp_path):
    async with fleet_of(2, broker.url, tmp_path) as fleet:
        leader = await fleet.leader()
        (standby,) = (replica for replica in fleet.replicas if replica is not leader)
        await leader.quota.put_limit(a_limit(20 * COST_NANO_USD))
        leader.stop()
        in_flight = asyncio.ensure_future(outcomes([leader.quota.reserve(a_reserve("lost"))]))
        await until_it_answers(standby.quota, "while it was stopped")
        leader.go_on()
        (lost,) = await in_flight
        # Either it was forwarded to who leads now, or it is to be asked again.
        assert isinstance(lost, Unavailable | DeadlineExceeded | quota_pb2.ReserveResponse), lost
        again, _ = await until_it_answers(leader.quota, "lost")
        assert again.reservation_id
        _, events = await replayed(fleet.log)
        reserved = [event.operation_id for event in events if isinstance(event, Reserved)]
        assert sorted(reserved) == ["lost", "while it was stopped"]
        assert await digest_of(leader.quota) == await digest_of_replay(fleet.log)


async def test_a_replica_that_comes_back_stands_by(broker, tmp_path):
    async with fleet_of(2, broker.url, tmp_path) as fleet:
        leader = await fleet.leader()
        (standby,) = (replica for replica in fleet.replicas if replica is not leader)
        await leader.quota.put_limit(a_limit(20 * COST_NANO_USD))
        leader.kill()
        await until_it_answers(standby.quota, "after")
        fleet.replicas.remove(leader)
        again = await fleet.start(port=leader.address.rpartition(":")[2])
        assert await fleet.leader() is standby
        answer = await again.quota.list_limits(quota_pb2.ListLimitsRequest())
        assert len(answer.levels) == 1
