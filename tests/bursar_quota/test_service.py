"""The service on a log in memory: exact, repeatable, and never ahead of what is durable."""

from __future__ import annotations

import asyncio

import pytest

from bursar.errors import (
    Conflict,
    FailedPrecondition,
    InvalidRequest,
    LimitExceeded,
    LogBroken,
    LogUnavailable,
    NotFound,
    Unavailable,
    UnknownReservation,
)
from bursar.eventlog.memory import MemoryLog
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar.telemetry import context as trace_context
from bursar_quota.domain.events import Denied, Expired, Reserved
from bursar_quota.domain.state import NS_PER_S
from bursar_quota.service import QuotaService
from bursar_quota.wire import USAGE
from faulty_log import Fault, FaultyLog
from quota_examples import NOON_NS
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

BUDGET = a_limit(20 * COST_NANO_USD)
LIMIT_ID = "total/cost_nano_usd/month"


async def level_of(quota, limit_id=LIMIT_ID):
    answer = await quota.list_limits(quota_pb2.ListLimitsRequest())
    return next(level for level in answer.levels if level.limit.limit_id == limit_id)


async def test_200_reserves_in_one_frame_on_a_budget_for_20_admit_20():
    log = MemoryLog()
    async with serving(log) as quota:
        await quota.put_limit(BUDGET)
        before = (await log.tail(USAGE)).sequence
        answers = await outcomes(quota.reserve(a_reserve(f"r{n}")) for n in range(200))
        assert (await log.tail(USAGE)).sequence == before + 1
        granted = [one for one in answers if isinstance(one, quota_pb2.ReserveResponse)]
        refused = [one for one in answers if isinstance(one, LimitExceeded)]
        assert (len(granted), len(refused)) == (20, 180)
        level = await level_of(quota)
        assert (level.held, level.available) == (20 * COST_NANO_USD, 0)
        assert await digest_of(quota) == await digest_of_replay(log)


async def test_when_that_frame_is_lost_the_state_is_as_before_and_a_retry_admits_20():
    log = FaultyLog()
    async with serving(log) as quota:
        await quota.put_limit(BUDGET)
        before = await digest_of(quota)
        log.faults = [Fault.NEVER_ARRIVES]
        answers = await outcomes(quota.reserve(a_reserve(f"r{n}")) for n in range(200))
        assert all(isinstance(one, LogUnavailable) for one in answers)
        assert await digest_of(quota) == before == await digest_of_replay(log)
        again = await outcomes(quota.reserve(a_reserve(f"r{n}")) for n in range(200))
        assert sum(isinstance(one, quota_pb2.ReserveResponse) for one in again) == 20
        assert await digest_of(quota) == await digest_of_replay(log)
        assert (await level_of(quota)).held == 20 * COST_NANO_USD


@pytest.mark.parametrize("fault", list(Fault))
async def test_whatever_becomes_of_an_append_nothing_is_doubled_and_nothing_lost(fault):
    log = FaultyLog()
    async with serving(log) as quota:
        await quota.put_limit(BUDGET)
        log.faults = [fault]
        tries = 0
        answers = {}
        while len(answers) < 40 and tries < 5:
            tries += 1
            found = await outcomes(quota.reserve(a_reserve(f"r{n}")) for n in range(40))
            for n, one in enumerate(found):
                if not isinstance(one, Unavailable):
                    answers[n] = one
        granted = [one for one in answers.values() if isinstance(one, quota_pb2.ReserveResponse)]
        assert len(granted) == 20
        _, events = await replayed(log)
        reserved = [event.reservation_id for event in events if isinstance(event, Reserved)]
        assert sorted(reserved) == sorted(one.reservation_id for one in granted)
        assert await digest_of(quota) == await digest_of_replay(log)


async def test_a_service_that_starts_again_stands_where_the_first_stood():
    log = MemoryLog()
    async with serving(log) as quota:
        await quota.put_limit(BUDGET)
        held = await quota.reserve(a_reserve("a"))
        await quota.dispatch(quota_pb2.DispatchRequest(reservation_id=held.reservation_id))
        before = await digest_of(quota)
    async with serving(log) as again:
        assert await digest_of(again) == before
        assert await again.reserve(a_reserve("a")) == held
        settled = await again.settle(a_settle(held.reservation_id, 5))
        assert settled.settled.cost_nano_usd == 5
        assert (await level_of(again)).settled == 5


async def test_a_refusal_has_all_that_a_caller_needs_to_know():
    clock = lambda: NOON_NS  # noqa: E731
    async with serving(MemoryLog(clock=clock), clock=clock) as quota:
        await quota.put_limit(a_limit(100, window=quota_pb2.WINDOW_DAY))
        held = await quota.reserve(a_reserve(cost_nano_usd=60))
        await quota.settle(a_settle(held.reservation_id, 60))
        with pytest.raises(LimitExceeded) as caught:
            await quota.reserve(a_reserve("again", cost_nano_usd=41))
        error = caught.value
        assert error.message.startswith("Would exceed daily cost limit: ")
        assert error.retry_after_ns == 12 * 3600 * NS_PER_S
        assert error.facts == {
            "operation_id": "again",
            "limit_id": "total/cost_nano_usd/day",
            "meter": "cost_nano_usd",
            "settled": 60,
            "held": 0,
            "requested": 41,
            "amount": 100,
            "window_ends_at_ns": NOON_NS + 12 * 3600 * NS_PER_S,
            "event_id": "usage-0-4",
        }
        with pytest.raises(LimitExceeded) as once_more:
            await quota.reserve(a_reserve("again", cost_nano_usd=41))
        assert once_more.value.facts == error.facts


async def test_answers_name_their_event_and_usage_the_position_it_was_read_at():
    log = MemoryLog()
    async with serving(log) as quota:
        put = await quota.put_limit(BUDGET)
        held = await quota.reserve(a_reserve())
        assert (put.position.event_number, held.position.event_number) == (1, 2)
        assert held.position.event_id == "usage-0-2"
        assert held.operation_id
        usage = await quota.usage(quota_pb2.UsageRequest())
        assert usage.as_of.event_number == 2
        assert usage.as_of.sequence == (await log.tail(USAGE)).sequence
        assert not usage.state_digest


async def test_a_check_tells_what_a_reserve_would_meet():
    async with serving(MemoryLog()) as quota:
        await quota.put_limit(a_limit(100))
        asked = a_reserve(cost_nano_usd=101)
        check = quota_pb2.CheckRequest(target=asked.target, amounts=asked.amounts)
        answer = await quota.check(check)
        assert not answer.is_allowed
        assert answer.reason.startswith("Would exceed monthly cost limit")
        assert answer.denied_by.limit.limit_id == LIMIT_ID
        assert not answer.is_near_limit
        check.amounts.cost_nano_usd = 100
        answer = await quota.check(check)
        assert answer.is_allowed
        assert not answer.reason
        assert [level.available for level in answer.levels] == [100]


async def test_limits_are_listed_by_tenant_and_usage_by_what_is_named():
    async with serving(MemoryLog()) as quota:
        for selector in ({}, {"tenant_id": "acme"}, {"tenant_id": "beta"}, {"provider": "openai"}):
            await quota.put_limit(a_limit(5, **selector))

        async def listed(**request):
            answer = await quota.list_limits(quota_pb2.ListLimitsRequest(**request))
            return [level.limit.limit_id.rsplit("/", 2)[0] for level in answer.levels]

        assert await listed() == ["provider/openai", "tenant/acme", "tenant/beta", "total"]
        assert await listed(tenant_id="acme") == ["provider/openai", "tenant/acme", "total"]
        usage = await quota.usage(
            quota_pb2.UsageRequest(
                attribution=ledger_pb2.Attribution(tenant_id="acme"),
                target=ledger_pb2.Target(provider="anthropic"),
            )
        )
        found = [level.limit.limit_id.rsplit("/", 2)[0] for level in usage.levels]
        assert found == ["tenant/acme", "total"]


async def test_every_kind_of_error_comes_as_what_it_is():
    async with serving(MemoryLog()) as quota:
        held = await quota.reserve(a_reserve("a"))
        release = quota_pb2.ReleaseRequest(reservation_id=held.reservation_id)
        await quota.dispatch(quota_pb2.DispatchRequest(reservation_id=held.reservation_id))
        for call, kind in (
            (quota.settle(a_settle("rsv_unknown")), UnknownReservation),
            (quota.release(release), FailedPrecondition),
            (quota.reserve(a_reserve("a", cost_nano_usd=1)), Conflict),
            (quota.reserve(a_reserve(lease_ns=-1)), InvalidRequest),
            (quota.delete_limit(quota_pb2.DeleteLimitRequest(limit_id="none")), NotFound),
        ):
            with pytest.raises(kind):
                await call


async def test_nothing_is_answered_before_the_service_leads():
    log = MemoryLog()
    async with serving(log) as quota:
        await quota.put_limit(BUDGET)
    with pytest.raises(Unavailable):
        await quota.reserve(a_reserve())
    with pytest.raises(Unavailable):
        await quota.list_limits(quota_pb2.ListLimitsRequest())


async def test_a_log_that_is_not_what_was_written_stops_money_and_says_where():
    log = MemoryLog()
    async with serving(log) as quota:
        await quota.put_limit(BUDGET)
    frames = log._streams[USAGE].frames
    frames[1] = frames[1][:-1] + bytes([frames[1][-1] ^ 1])
    async with serving(log) as quota:
        for order in (quota.ready(), quota.reserve(a_reserve())):
            with pytest.raises(LogBroken) as caught:
                await order
            assert caught.value.facts["sequence"] == 2


async def test_a_log_that_breaks_while_it_is_at_work_stops_money_and_not_its_process(caplog):
    log = MemoryLog()
    quota = QuotaService(log)
    async with asyncio.TaskGroup() as process:
        running = process.create_task(quota.run())
        await quota.ready()
        await quota.reserve(a_reserve("a"))
        tail = await log.tail(USAGE)
        await log.append(USAGE, b"not a frame", tail.sequence, 1.0)
        with pytest.raises(Unavailable):
            await quota.reserve(a_reserve("b"))
        with pytest.raises(LogBroken) as caught:
            while True:
                await answer_or_nothing(quota.reserve(a_reserve("c")))
        assert caught.value.facts["sequence"] == tail.sequence + 1
        assert not running.done()
        running.cancel()
    assert "money is not answered any more" in caplog.text


async def answer_or_nothing(order):
    try:
        return await order
    except Unavailable:
        return await asyncio.sleep(0)


async def test_draining_ends_when_every_order_is_answered():
    async with serving(MemoryLog()) as quota:
        orders = [asyncio.ensure_future(quota.reserve(a_reserve(f"r{n}"))) for n in range(300)]
        await asyncio.sleep(0)
        await quota.drain()
        await asyncio.sleep(0)
        assert all(order.done() for order in orders)


async def test_leases_run_out_by_themselves():
    now = [NOON_NS]
    log = MemoryLog(clock=lambda: now[0])
    async with serving(log, clock=lambda: now[0], tick_s=0.0) as quota:
        await quota.put_limit(BUDGET)
        await quota.reserve(a_reserve(lease_ns=NS_PER_S))
        state, events = await replayed(log)
        assert state.reservations
        while state.reservations:
            now[0] += NS_PER_S
            await quota.usage(quota_pb2.UsageRequest())
            state, events = await replayed(log)
        assert now[0] - NOON_NS >= 30 * NS_PER_S  # grace after it began to lead
        expired = [event for event in events if isinstance(event, Expired)]
        assert [event.charged for event in expired] == [None]
        assert await digest_of(quota) == await digest_of_replay(log)


async def test_a_caller_that_hangs_up_cancels_nothing_that_is_on_its_way():
    log = MemoryLog()
    async with serving(log) as quota:
        order = asyncio.ensure_future(quota.reserve(a_reserve("a")))
        await asyncio.sleep(0)
        order.cancel()
        again = await quota.reserve(a_reserve("a"))
        _, events = await replayed(log)
        assert [event.reservation_id for event in events] == [again.reservation_id]


async def test_a_denial_is_an_event_with_the_trace_of_its_order():
    log = MemoryLog()
    async with serving(log) as quota:
        await quota.put_limit(a_limit(0))
        trace = trace_context.TraceContext(b"t" * 16, b"s" * 8, True)
        with trace_context.within(trace), pytest.raises(LimitExceeded):
            await quota.reserve(a_reserve())
        _, events = await replayed(log)
        assert isinstance(events[-1], Denied)
        assert b"t" * 16 in log._streams[USAGE].frames[-1]
