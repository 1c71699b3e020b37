"""A limit that is pending counts its window whole once the log was read, to the last token."""

from __future__ import annotations

import asyncio

import pytest

from bursar.errors import InvalidRequest
from bursar.eventlog.memory import MemoryLog
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.commands import CountLimit
from bursar_quota.domain.limits import Selector
from bursar_quota.domain.windows import WindowKind
from bursar_quota.pending_limits import PastUse, cursor_before, pending_limits
from bursar_quota.wire import USAGE
from quota_examples import DAY_NS, HOUR_NS, LEASE_NS, NOON_NS, Book, book, limit, tokens
from quota_services import a_limit, a_reserve, a_settle, digest_of, digest_of_replay, serving

BY_USER = Selector(user_id="ann")
DAILY = "user/ann/total_tokens/day"


def counted(kept):
    """Reads the log for each pending limit, as the service does."""
    for pending in pending_limits(kept.state):
        past = PastUse(pending, kept.decider.terms.calendar)
        for event in kept.events():
            if event.number < pending.made_by:
                past.take(event)
        kept.do(CountLimit(pending.limit.limit_id, pending.made_by, past.settled()))


def test_it_says_pending_until_its_window_was_read_and_then_counts_it_whole():
    kept = Book(now_ns=NOON_NS)
    kept.record(tokens(1000))
    kept.now_ns += DAY_NS
    kept.record(tokens(100))
    kept.settle(kept.reserve(tokens(50)).reservation_id, tokens(40))
    held = kept.reserve(tokens(7))
    stands = kept.put(limit(amount=1000, selector=BY_USER))
    assert (stands.level.settled, stands.level.held, stands.level.is_pending) == (0, 7, True)
    kept.record(tokens(3))
    counted(kept)
    assert kept.level(DAILY) == (143, 7)
    assert pending_limits(kept.state) == []
    kept.settle(held.reservation_id, tokens(5))
    assert kept.level(DAILY) == (148, 0)


def test_charges_count_once_whenever_they_are_settled():
    kept = book()
    before, after = (kept.reserve(tokens(100), is_dispatched=True) for _ in range(2))
    kept.pass_time(LEASE_NS)
    kept.settle(before.reservation_id, tokens(10))
    kept.put(limit(amount=1000, selector=BY_USER))
    assert kept.level(DAILY) == (100, 0)
    kept.settle(after.reservation_id, tokens(20))
    counted(kept)
    assert kept.level(DAILY) == (30, 0)


def test_corrections_count_in_the_window_of_the_use():
    from bursar_quota.requests import adjust_of

    kept = Book(now_ns=NOON_NS)
    kept.record(tokens(100))
    request = quota_pb2.AdjustRequest(
        attribution=ledger_pb2.Attribution(tenant_id="acme", user_id="ann"),
        amounts=ledger_pb2.Amounts(input_tokens=-30),
        reason="a bill",
    )
    kept.do(adjust_of(request, kept.now_ns))
    kept.put(limit(amount=1000, selector=BY_USER))
    counted(kept)
    assert kept.level(DAILY) == (70, 0)


def test_a_rolling_window_is_counted_part_by_part():
    kept = Book(now_ns=NOON_NS)
    kept.record(tokens(600))
    kept.now_ns += 3 * HOUR_NS
    kept.record(tokens(300))
    rolling = limit(
        amount=1000, window=WindowKind.ROLLING, rolling_ns=5 * HOUR_NS, selector=BY_USER
    )
    kept.put(rolling)
    counted(kept)
    assert kept.level(rolling.limit_id) == (900, 0)
    kept.now_ns += 2 * HOUR_NS + 6 * 60 * 10**9
    assert kept.level(rolling.limit_id) == (300, 0)


def test_what_was_read_for_a_limit_that_was_changed_meanwhile_counts_nothing():
    kept = Book(now_ns=NOON_NS)
    kept.record(tokens(100))
    kept.put(limit(amount=1000, selector=BY_USER))
    (pending,) = pending_limits(kept.state)
    kept.delete(DAILY)
    kept.put(limit(amount=1000, selector=BY_USER))
    before = len(kept.log)
    window = pending.limit.window_at(kept.decider.terms.calendar, kept.now_ns)
    kept.do(CountLimit(DAILY, pending.made_by, ((window, 100),)))
    assert len(kept.log) == before


async def test_the_service_counts_it_by_itself_and_replay_agrees():
    log = MemoryLog()
    async with serving(log) as quota:
        for _ in range(20):
            held = await quota.reserve(a_reserve(cost_nano_usd=10))
            await quota.settle(a_settle(held.reservation_id, 7))
        put = await quota.put_limit(a_limit(1000, user_id="ann"))
        assert put.level.is_pending
        async with asyncio.timeout(20):
            while True:
                (level,) = (await quota.list_limits(quota_pb2.ListLimitsRequest())).levels
                if not level.is_pending:
                    break
        assert (level.settled, level.counted_since_ns) == (140, level.window_starts_at_ns)
        assert await digest_of(quota) == await digest_of_replay(log)


async def test_reading_begins_at_the_windows_first_frame():
    now_ns = NOON_NS

    def clock():
        return now_ns

    log = MemoryLog(clock=clock)
    async with serving(log, clock=clock) as quota:
        for _ in range(10):
            await quota.reserve(a_reserve())
            now_ns += HOUR_NS
        for hours in range(10):
            cursor = await cursor_before(log, USAGE, NOON_NS + hours * HOUR_NS)
            assert cursor.sequence <= hours + 2
        assert (await cursor_before(log, USAGE, NOON_NS - 1)).sequence == 0


async def test_usage_is_told_as_it_was_at_a_time_or_an_event():
    now_ns = NOON_NS

    def clock():
        return now_ns

    log = MemoryLog(clock=clock)
    async with serving(log, clock=clock) as quota:
        await quota.put_limit(a_limit(1000, window=quota_pb2.WINDOW_DAY))
        used = []
        for _ in range(3):
            held = await quota.reserve(a_reserve(cost_nano_usd=10))
            settled = await quota.settle(a_settle(held.reservation_id, 7))
            used.append(settled.position.event_number)
            now_ns += HOUR_NS

        async def settled_at(**then):
            answer = await quota.usage(quota_pb2.UsageRequest(**then))
            return answer.levels[0].settled, answer.as_of.event_number

        assert await settled_at() == (21, used[2])
        assert await settled_at(as_of_event_number=used[0]) == (7, used[0])
        assert await settled_at(as_of_ns=NOON_NS + HOUR_NS + 1) == (14, used[1])
        now_ns += DAY_NS
        assert await settled_at(as_of_ns=NOON_NS + HOUR_NS + 1) == (14, used[1])
        assert (await settled_at())[0] == 0
        for bad in ({"as_of_ns": now_ns + 1}, {"as_of_ns": 1, "as_of_event_number": 1}):
            with pytest.raises(InvalidRequest):
                await settled_at(**bad)
