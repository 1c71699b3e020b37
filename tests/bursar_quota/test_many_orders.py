"""Many orders at a time, in one message or on one stream: each stands for itself."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from google.rpc import status_pb2

from bursar.clients.quota import RemoteQuota
from bursar.errors import InvalidRequest, LimitExceeded
from bursar.quota.v1 import quota_pb2
from bursar.rpc.calling import channel_to
from bursar.rpc.status import from_status_message
from bursar.wiring.process import ProcessPlan, running
from bursar_quota.module import MODULE
from bursar_quota.session import OPERATIONS_MAX, UNDER_WAY_MAX
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


def error_in(result):
    return from_status_message(status_pb2.Status.FromString(result.error.SerializeToString()))


def reserving(*tags, cost_nano_usd=100):
    return quota_pb2.SessionRequest(
        operations=[
            quota_pb2.Operation(tag=tag, reserve=a_reserve(f"r{tag}", cost_nano_usd))
            for tag in tags
        ]
    )


async def sent(*messages):
    for message in messages:
        yield message


async def results_of(session):
    return [result async for message in session for result in message.results]


async def test_many_are_answered_in_their_order_and_each_by_itself(quota):
    await quota.put_limit(a_limit(250))
    orders = [a_reserve(name, 100) for name in "abc"] + [a_reserve("d" * 129, 1)]
    found = await quota.reserve_many(quota_pb2.ReserveManyRequest(orders=orders))
    assert [result.tag for result in found.results] == [0, 1, 2, 3]
    assert [result.WhichOneof("result") for result in found.results] == [
        "reserve",
        "reserve",
        "error",
        "error",
    ]
    refused = error_in(found.results[2])
    assert isinstance(refused, LimitExceeded)
    assert refused.facts["limit_id"] == "total/cost_nano_usd/month"
    assert isinstance(error_in(found.results[3]), InvalidRequest)


async def test_many_of_each_kind_end_what_many_reserves_began(quota):
    orders = [a_reserve(name, 100) for name in "abc"]
    held = await quota.reserve_many(quota_pb2.ReserveManyRequest(orders=orders))
    ids = [result.reserve.reservation_id for result in held.results]
    dispatched = await quota.dispatch_many(
        quota_pb2.DispatchManyRequest(
            orders=[quota_pb2.DispatchRequest(reservation_id=each) for each in ids[:2]]
        )
    )
    settled = await quota.settle_many(
        quota_pb2.SettleManyRequest(orders=[a_settle(each, 50) for each in ids[:2]])
    )
    released = await quota.release_many(
        quota_pb2.ReleaseManyRequest(orders=[quota_pb2.ReleaseRequest(reservation_id=ids[2])])
    )
    recorded = await quota.record_usage_many(
        quota_pb2.RecordUsageManyRequest(orders=[quota_pb2.RecordUsageRequest(operation_id="u")])
    )
    answers = [*dispatched.results, *settled.results, *released.results, *recorded.results]
    assert not [answer for answer in answers if answer.HasField("error")]
    assert [result.settle.settled.cost_nano_usd for result in settled.results] == [50, 50]


@pytest.mark.parametrize("orders", [0, OPERATIONS_MAX + 1])
async def test_none_and_more_than_64_are_refused(quota, orders):
    many = quota_pb2.ReserveManyRequest(orders=[a_reserve()] * orders)
    with pytest.raises(InvalidRequest, match="give 1 to 64"):
        await quota.reserve_many(many)
    session = quota.session(
        sent(quota_pb2.SessionRequest(operations=[reserving(1).operations[0]] * orders))
    )
    with pytest.raises(InvalidRequest, match="give 1 to 64"):
        await results_of(session)


async def test_a_stream_answers_all_that_was_sent_and_then_ends(quota):
    await quota.put_limit(a_limit(250))
    results = await results_of(quota.session(sent(reserving(7, 8), reserving(9))))
    assert sorted(result.tag for result in results) == [7, 8, 9]
    refused = [error_in(result) for result in results if result.HasField("error")]
    assert [type(error) for error in refused] == [LimitExceeded]


async def test_a_stream_settles_what_it_reserved_while_it_goes_on(quota):
    asked: asyncio.Queue = asyncio.Queue()

    async def requests():
        while (message := await asked.get()) is not None:
            yield message

    session = quota.session(requests())
    await asked.put(reserving(1))
    held = (await anext(session)).results[0]
    settle = a_settle(held.reserve.reservation_id, 60)
    await asked.put(
        quota_pb2.SessionRequest(operations=[quota_pb2.Operation(tag=2, settle=settle)])
    )
    settled = (await anext(session)).results[0]
    assert (settled.tag, settled.settle.settled.cost_nano_usd) == (2, 60)
    await asked.put(None)
    assert await results_of(session) == []


async def test_more_than_may_be_under_way_are_answered_all_the_same(quota):
    messages = UNDER_WAY_MAX // OPERATIONS_MAX + 4
    numbers = iter(range(messages * OPERATIONS_MAX))
    sending = [reserving(*(next(numbers) for _ in range(OPERATIONS_MAX))) for _ in range(messages)]
    results = await results_of(quota.session(sent(*sending)))
    assert sorted(result.tag for result in results) == list(range(messages * OPERATIONS_MAX))
    assert not [result for result in results if result.HasField("error")]


async def test_an_operation_without_an_order_ends_the_stream_behind_the_answers(quota):
    empty = quota_pb2.SessionRequest(operations=[quota_pb2.Operation(tag=2)])
    session = quota.session(sent(reserving(1), empty))
    found = []
    with pytest.raises(InvalidRequest, match=r"operation\.order"):
        async for message in session:
            found += message.results
    assert [result.tag for result in found] == [1]
