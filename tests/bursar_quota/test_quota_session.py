"""The client's end of a stream of orders."""

from __future__ import annotations

import asyncio

import pytest

from bursar.clients.quota import RemoteQuota
from bursar.clients.quota_session import QuotaSession
from bursar.errors import LimitExceeded, NotFound, Unavailable
from bursar.quota.v1 import quota_pb2
from bursar.rpc.calling import channel_to
from bursar.wiring.process import ProcessPlan, running
from bursar_quota.module import MODULE
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
        with pytest.raises(NotFound):
            await session.dispatch(quota_pb2.DispatchRequest(reservation_id="rsv_none"))
        other = await session.reserve(a_reserve("c", 100))
        await session.release(quota_pb2.ReleaseRequest(reservation_id=other.reservation_id))
        await session.record_usage(quota_pb2.RecordUsageRequest())


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
