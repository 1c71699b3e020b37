"""The client's end of a stream of orders."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest

from bursar.clients.quota import RemoteQuota
from bursar.clients.quota_session import QuotaSession
from bursar.errors import LimitExceeded, Throttled, Unavailable, UnknownReservation
from bursar.eventlog.frame import decode
from bursar.events.v1 import event_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar.rpc import deadline
from bursar.rpc.calling import channel_to
from bursar.telemetry.context import begin, within
from bursar.wiring.process import ProcessPlan, running
from bursar_quota.module import MODULE
from bursar_quota.wire import USAGE
from memory_ground import memory_ground
from quota_services import a_limit, a_reserve, a_settle


@pytest.fixture
async def process(tmp_path):
    async with running(ProcessPlan((MODULE,)), memory_ground(tmp_path)) as process:
        yield process


@pytest.fixture
async def remote(process):
    channel = channel_to(process.address)
    yield RemoteQuota(channel)
    await channel.close()


async def test_a_session_answers_as_single_calls_do(remote):
    await remote.put_limit(a_limit(250))
    async with QuotaSession(remote) as session:
        held = await session.reserve(a_reserve("a", 200, is_dispatched=True))
        with pytest.raises(LimitExceeded) as refused:
            await session.reserve(a_reserve("b", 100))
        assert refused.value.facts["limit_id"] == "total/cost_nano_usd/month"
        assert refused.value.retry_after_ns
        settled = await session.settle(a_settle(held.reservation_id, 150))
        assert settled.settled.cost_nano_usd == 150
        with pytest.raises(UnknownReservation):
            await session.dispatch(quota_pb2.DispatchRequest(reservation_id="rsv_none"))
        other = await session.reserve(a_reserve("c", 100))
        await session.release(quota_pb2.ReleaseRequest(reservation_id=other.reservation_id))
        await session.record_usage(quota_pb2.RecordUsageRequest())


async def test_holds_that_last_and_corrections_go_over_it_too(remote):
    async with QuotaSession(remote) as session:
        held = await session.reserve(a_reserve("a", 200, is_dispatched=True))
        more = quota_pb2.TopUpRequest(
            reservation_id=held.reservation_id, amounts=ledger_pb2.Amounts(cost_nano_usd=50)
        )
        assert (await session.top_up(more)).held.cost_nano_usd == 250
        extended = await session.extend(
            quota_pb2.ExtendRequest(reservation_id=held.reservation_id, lease_ns=10**12)
        )
        assert extended.lease_expires_at_ns > held.lease_expires_at_ns
        adjusted = await session.adjust(
            quota_pb2.AdjustRequest(amounts=ledger_pb2.Amounts(cost_nano_usd=5), reason="a bill")
        )
        assert adjusted.position.event_number


async def test_an_order_waits_no_longer_than_its_caller_does(remote):
    throttle = a_limit(1, meter=quota_pb2.METER_CONCURRENT_RESERVATIONS, window=0)
    throttle.limit.mode = quota_pb2.MODE_THROTTLE
    await remote.put_limit(throttle)
    async with QuotaSession(remote) as session:
        await session.reserve(a_reserve("a"))
        with deadline.within(1.0), pytest.raises(Throttled):
            await session.reserve(a_reserve("w", wait_ns=3600 * 10**9))


async def test_after_a_stream_that_broke_the_next_order_begins_another(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    plan = ProcessPlan((MODULE,), port=port)
    channel = channel_to(f"127.0.0.1:{port}")
    async with QuotaSession(RemoteQuota(channel)) as session:
        async with running(plan, memory_ground(tmp_path)):
            await session.reserve(a_reserve("a", 5))
        with pytest.raises(Unavailable):
            await session.reserve(a_reserve("b", 5))
        async with running(plan, memory_ground(tmp_path)), asyncio.timeout(30):
            while True:
                with suppress(Unavailable):
                    held = await session.reserve(a_reserve("b", 5))
                    break
        assert held.held.cost_nano_usd == 5
    await channel.close()


async def test_what_comes_together_goes_together_and_each_gets_its_own_answer(remote):
    async with QuotaSession(remote) as session:
        orders = [a_reserve(f"r{number}", number) for number in range(1, 201)]
        answers = await asyncio.gather(*map(session.reserve, orders))
    assert [answer.held.cost_nano_usd for answer in answers] == list(range(1, 201))


async def test_leaving_waits_for_what_is_under_way(remote):
    async with QuotaSession(remote) as session:
        reserving = asyncio.ensure_future(session.reserve(a_reserve("a", 5)))
        await asyncio.sleep(0)
    assert (await reserving).held.cost_nano_usd == 5
    with pytest.raises(Unavailable):
        await session.reserve(a_reserve("b", 5))


async def test_orders_of_a_stream_that_breaks_are_unavailable():
    channel = channel_to("127.0.0.1:1")
    async with QuotaSession(RemoteQuota(channel)) as session:
        with pytest.raises(Unavailable):
            await session.reserve(a_reserve("a", 5))
    await channel.close()


async def test_each_order_keeps_the_trace_that_it_belongs_to(tmp_path):
    ground = memory_ground(tmp_path)
    traces = [begin(0.0), begin(0.0)]

    async def traced(session, trace, name):
        with within(trace):
            await session.reserve(a_reserve(name, 5))

    async with running(ProcessPlan((MODULE,)), ground) as process:
        channel = channel_to(process.address)
        async with QuotaSession(RemoteQuota(channel)) as session:
            await asyncio.gather(*map(traced, [session] * 2, traces, "ab"))
        await channel.close()
    assert await trace_ids(ground.log) == [trace.trace_id for trace in traces]


async def trace_ids(log):
    last = (await log.tail(USAGE)).sequence
    frames = [decode((await log.get(USAGE, n)).frame, USAGE, n) for n in range(1, last + 1)]
    events = [event for frame in frames for event in frame.events]
    return [event_pb2.Event.FromString(event).trace_id for event in events]


async def test_a_remote_with_many_orders_under_way_sends_them_over_one_stream(remote):
    orders = [a_reserve(f"r{number}", number) for number in range(1, 101)]
    answers = await asyncio.gather(*map(remote.reserve, orders))
    assert [answer.held.cost_nano_usd for answer in answers] == list(range(1, 101))
    again = await asyncio.gather(*map(remote.reserve, orders))
    assert again == answers
