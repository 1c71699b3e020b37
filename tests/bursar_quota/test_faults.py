"""What goes wrong around one quota: nothing is lost, doubled or overspent, and replay equals live.

BURSAR_FAULTS=long tries each more often; a failure prints its seed.
"""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress

import pytest

from bursar.errors import BursarError, Conflict, LogBroken, LogUnavailable
from bursar.eventlog.clock import ClockLeapt
from bursar.eventlog.log import LogFull
from bursar.eventlog.memory import MemoryLog
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.events import Expired, Reserved, Settled
from bursar_quota.wire import USAGE
from fault_rounds import SEED, rounds
from faulty_log import Fault, FaultyLog
from log_frames import decided_frames
from quota_history import wrong_in_history
from quota_services import (
    COST_NANO_USD,
    a_limit,
    a_reserve,
    a_settle,
    digest_of,
    digest_of_replay,
    outcomes,
    replayed,
    serving,
)

HOUR_S, DAY_S = 3600, 86_400
START_NS = 1_795_521_600_000_000_000  # in the middle of a month
TO_MONTHS_END_S = 6 * DAY_S + 12 * HOUR_S
BUDGET = a_limit(20 * COST_NANO_USD)


class Clock:
    """Goes as time does, from `START_NS` on, and leaps when it is told to."""

    def __init__(self):
        self._began_ns = time.monotonic_ns()
        self.ahead_ns = 0

    def __call__(self):
        return START_NS + time.monotonic_ns() - self._began_ns + self.ahead_ns

    def leap(self, seconds):
        self.ahead_ns = seconds * 10**9


@pytest.mark.parametrize(
    "ahead_s",
    [HOUR_S, DAY_S, 365 * DAY_S, TO_MONTHS_END_S],
    ids=["an hour", "a day", "a year", "to the month's end"],
)
async def test_a_clock_that_leaps_ahead_decides_nothing_until_it_is_right_again(ahead_s):
    clock = Clock()
    log = MemoryLog(clock=Clock())
    async with serving(log, clock=clock, tick_s=0.01) as quota:
        await quota.put_limit(BUDGET)
        held = await quota.reserve(a_reserve("before", lease_ns=10**9 * 60, is_dispatched=True))
        for number in range(rounds(2, 20)):
            clock.leap(ahead_s)
            with pytest.raises(ClockLeapt):
                await quota.reserve(a_reserve(f"r{number}"))
            clock.leap(0)
            await quota.reserve(a_reserve(f"r{number}"))
        await quota.settle(a_settle(held.reservation_id))
        assert await digest_of(quota) == await digest_of_replay(log)
    _, events = await replayed(log)
    assert not any(isinstance(event, Expired) for event in events)
    assert max(event.at_ns for event in events) < START_NS + HOUR_S * 10**9


@pytest.mark.parametrize("back_s", [HOUR_S, DAY_S], ids=["an hour", "a day"])
async def test_a_clock_that_leaps_back_stands_still_and_expires_nothing_early(back_s):
    clock = Clock()
    log = MemoryLog(clock=Clock())
    async with serving(log, clock=clock, tick_s=0.01) as quota:
        await quota.put_limit(BUDGET)
        await quota.reserve(a_reserve("before", is_dispatched=True))
        clock.leap(-back_s)
        await quota.reserve(a_reserve("behind"))
        clock.leap(0)
        await quota.reserve(a_reserve("after"))
        assert await digest_of(quota) == await digest_of_replay(log)
    _, events = await replayed(log)
    times = [event.at_ns for event in events]
    assert times == sorted(times)
    assert not any(isinstance(event, Expired) for event in events)


async def test_orders_that_come_five_times_in_any_sequence_happen_once():
    for number in range(rounds(2, 50)):
        rng = random.Random(SEED + number)
        log = MemoryLog()
        async with serving(log) as quota:
            await quota.put_limit(BUDGET)
            ids = [f"r{n}" for n in range(30)] * 5
            rng.shuffle(ids)
            found = await outcomes(quota.reserve(a_reserve(one)) for one in ids)
            granted = {}
            for one in found:
                if isinstance(one, quota_pb2.ReserveResponse):
                    assert granted.setdefault(one.operation_id, one) == one
            assert len(granted) == 20
            settles = [
                a_settle(one.reservation_id, 5, f"s-{one.operation_id}") for one in granted.values()
            ] * 5
            rng.shuffle(settles)
            settled = await outcomes(quota.settle(order) for order in settles)
            assert not any(isinstance(one, BursarError) for one in settled)
            (level,) = (await quota.usage(quota_pb2.UsageRequest())).levels
            assert (level.settled, level.held) == (20 * 5, 0)
            assert await digest_of(quota) == await digest_of_replay(log)
        _, events = await replayed(log)
        assert [
            sum(isinstance(event, kind) for event in events) for kind in (Reserved, Settled)
        ] == [20, 20]


async def test_a_lost_answer_asked_for_hours_later_is_the_first_one():
    clock, broker_clock = Clock(), Clock()
    log = FaultyLog()
    log._clock = broker_clock
    async with serving(log, clock=clock) as quota:
        await quota.put_limit(BUDGET)
        log.faults = [Fault.ANSWER_LOST]
        asked = asyncio.ensure_future(quota.reserve(a_reserve("lost")))
        await asyncio.wait((asked,))
    for hours in (1, 7, 23):
        for each in (clock, broker_clock):
            each.leap(hours * HOUR_S)
        async with serving(log, clock=clock) as quota:  # another process by now
            answer = await quota.reserve(a_reserve("lost"))
            with pytest.raises(Conflict):
                await quota.reserve(a_reserve("lost", 1))
    _, events = await replayed(log)
    reserved = [event for event in events if isinstance(event, Reserved)]
    assert [event.reservation_id for event in reserved] == [answer.reservation_id]


async def test_a_store_that_is_full_takes_nothing_half_and_the_rest_is_as_it_was():
    log = MemoryLog(stream_bytes_max=20_000)
    acknowledged = []
    async with serving(log) as quota:
        await quota.put_limit(a_limit(10**6 * COST_NANO_USD))
        with pytest.raises(LogFull):
            for number in range(10_000):
                held = await quota.reserve(a_reserve(f"r{number}"))
                acknowledged.append(held.reservation_id)
        for number in range(rounds(20, 500)):
            with suppress(LogUnavailable):
                held = await quota.reserve(a_reserve(f"more{number}"))
                acknowledged.append(held.reservation_id)
        before = await digest_of_replay(log)
        log._stream_bytes_max *= 2  # an operator gives it room
        assert await digest_of(quota) == before
        acknowledged.append((await quota.reserve(a_reserve("room"))).reservation_id)
    assert await wrong_in_history(log, acknowledged) == []


async def test_a_poisoned_event_stops_money_and_names_its_place():
    log = MemoryLog()
    await log.open(USAGE)
    for place, frame in enumerate(decided_frames(USAGE, 4)):
        await log.append(USAGE, frame, place, 1.0)  # a whole chain, of what are no events
    async with serving(log) as quota:
        for order in (quota.reserve(a_reserve()), quota.usage(quota_pb2.UsageRequest())):
            with pytest.raises(LogBroken, match="event 1 ") as caught:
                await order
            assert caught.value.facts["sequence"] == 2
    assert (await log.tail(USAGE)).sequence == 4
