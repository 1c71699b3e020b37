"""A throttle puts off: who may wait is served by priority, then by arrival, up to a deadline."""

from __future__ import annotations

import asyncio

import pytest

from bursar.errors import InvalidRequest, LimitExceeded, Throttled
from bursar.eventlog.memory import MemoryLog
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.events import Denied, Reserved
from quota_services import a_limit, a_reserve, a_settle, replayed, serving

SECOND_NS = 10**9


def a_throttle(amount, meter=quota_pb2.METER_CONCURRENT_RESERVATIONS, window=0):
    request = a_limit(amount, meter=meter, window=window)
    request.limit.mode = quota_pb2.MODE_THROTTLE
    return request


async def in_line(quota, length):
    """Returns when so many wait."""
    while quota.waiting < length:
        await quota.usage(quota_pb2.UsageRequest())


async def test_who_does_not_wait_is_told_when_to_come_back():
    async with serving(MemoryLog()) as quota:
        await quota.put_limit(a_throttle(1, quota_pb2.METER_REQUESTS, quota_pb2.WINDOW_HOUR))
        held = await quota.reserve(a_reserve())
        await quota.settle(a_settle(held.reservation_id))
        with pytest.raises(Throttled) as caught:
            await quota.reserve(a_reserve())
        assert isinstance(caught.value, LimitExceeded)
        assert 0 < caught.value.retry_after_ns <= 3600 * SECOND_NS


async def test_who_waits_is_admitted_when_something_is_let_go():
    log = MemoryLog()
    async with serving(log) as quota:
        await quota.put_limit(a_throttle(1))
        held = await quota.reserve(a_reserve())
        waiting = asyncio.ensure_future(quota.reserve(a_reserve("w", wait_ns=30 * SECOND_NS)))
        await in_line(quota, 1)
        async with asyncio.timeout(10):
            await quota.settle(a_settle(held.reservation_id))
            granted = await waiting
        assert await quota.reserve(a_reserve("w")) == granted
    events = (await replayed(log))[1]
    assert not any(isinstance(event, Denied) for event in events)


async def test_the_line_goes_by_priority_then_by_arrival():
    log = MemoryLog()
    async with serving(log) as quota:
        await quota.put_limit(a_throttle(1))
        held = await quota.reserve(a_reserve("first"))
        waiting = []
        for name, priority in (("a", 0), ("b", 5), ("c", 5), ("d", 9)):
            request = a_reserve(name, wait_ns=30 * SECOND_NS, priority=priority)
            waiting.append(asyncio.ensure_future(quota.reserve(request)))
            await in_line(quota, len(waiting))
        async with asyncio.timeout(20):
            for _ in range(4):
                await quota.settle(a_settle(held.reservation_id))
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                held = done.pop().result()
    reserved = [event for event in (await replayed(log))[1] if isinstance(event, Reserved)]
    assert [event.operation_id for event in reserved] == ["first", "d", "b", "c", "a"]


async def test_who_waited_in_vain_is_refused_and_that_is_remembered():
    log = MemoryLog()
    async with serving(log) as quota:
        await quota.put_limit(a_throttle(1))
        await quota.reserve(a_reserve())
        for _ in range(2):
            with pytest.raises(Throttled):
                await quota.reserve(a_reserve("w", wait_ns=SECOND_NS // 100))
        assert quota.waiting == 0
    denied = [event for event in (await replayed(log))[1] if isinstance(event, Denied)]
    assert [event.operation_id for event in denied] == ["w"]


async def test_a_hard_limit_makes_nobody_wait():
    async with serving(MemoryLog()) as quota:
        await quota.put_limit(a_throttle(5))
        await quota.put_limit(a_limit(0))
        async with asyncio.timeout(10):
            with pytest.raises(LimitExceeded) as caught:
                await quota.reserve(a_reserve(wait_ns=3600 * SECOND_NS))
        assert not isinstance(caught.value, Throttled)


@pytest.mark.parametrize(
    "fields", [{"wait_ns": -1}, {"wait_ns": 3601 * SECOND_NS}, {"priority": 10}]
)
async def test_what_cannot_be_waited_for_is_refused(fields):
    async with serving(MemoryLog()) as quota:
        with pytest.raises(InvalidRequest) as caught:
            await quota.reserve(a_reserve(**fields))
        assert caught.value.violations[0].field in fields


async def test_who_came_with_many_waits_as_well():
    async with serving(MemoryLog()) as quota:
        await quota.put_limit(a_throttle(1))
        held = await quota.reserve(a_reserve())
        orders = [a_reserve("w", wait_ns=30 * SECOND_NS), a_reserve("n")]
        many = asyncio.ensure_future(
            quota.reserve_many(quota_pb2.ReserveManyRequest(orders=orders))
        )
        await in_line(quota, 1)
        async with asyncio.timeout(10):
            await quota.settle(a_settle(held.reservation_id))
            results = (await many).results
        assert [result.WhichOneof("result") for result in results] == ["reserve", "error"]


async def a_stream(operations):
    """Sends these, and then nothing more without ending."""
    yield quota_pb2.SessionRequest(operations=operations)
    await asyncio.Event().wait()


async def test_who_waits_in_a_session_holds_up_nobody_and_goes_when_the_caller_does():
    async with serving(MemoryLog()) as quota:
        await quota.put_limit(a_throttle(1))
        held = await quota.reserve(a_reserve())
        wait_ns = 30 * SECOND_NS
        first, second = (
            quota_pb2.Operation(tag=tag, reserve=a_reserve(f"w{tag}", wait_ns=wait_ns))
            for tag in (1, 2)
        )
        settle = quota_pb2.Operation(tag=3, settle=a_settle(held.reservation_id))
        session = quota.session(a_stream([first, second, settle]))
        answered = []
        async with asyncio.timeout(10):
            async for message in session:
                answered += [
                    (result.tag, result.WhichOneof("result")) for result in message.results
                ]
                if len(answered) == 2:
                    break
        assert answered == [(3, "settle"), (1, "reserve")]
        assert quota.waiting == 1
        await session.aclose()
        await in_line_at_most(quota, 0)


async def in_line_at_most(quota, length):
    async with asyncio.timeout(10):
        while quota.waiting > length:
            await quota.usage(quota_pb2.UsageRequest())
