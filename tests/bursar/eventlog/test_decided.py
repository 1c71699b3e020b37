"""The writer of a decided stream: group commit, and answers from durable state only."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from bursar.errors import InvalidRequest, LogUnavailable, Overloaded
from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.decided import DecidedWriter, WriterTerms
from bursar.eventlog.frame import FrameKind, decode_header
from bursar.eventlog.log import Cursor
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.projection import Projection
from bursar.eventlog.stream import StreamId
from bursar.eventlog.tentative import Untracked
from toy_budget import Budget, BudgetDecider, Given, Take, budget

USAGE = StreamId("usage")


@asynccontextmanager
async def leading(writer):
    """The writer, once it leads; ended afterwards."""
    running = asyncio.ensure_future(writer.run())
    waiting = asyncio.ensure_future(writer.ready.wait())
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    try:
        yield writer
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def opened(log=None):
    log = log or MemoryLog()
    await log.open(USAGE)
    return log


def writer_on(log, amount=1000, **terms):
    return DecidedWriter(log, BudgetDecider(), budget(amount), Cursor(USAGE), WriterTerms(**terms))


async def replayed(log, amount=1000) -> Budget:
    decider = BudgetDecider()

    def apply(state, event_bytes, number):
        decider.evolve(state, decider.decode(event_bytes, number), Untracked())
        return state

    projection = Projection(budget(amount), DecidedChain(Cursor(USAGE)), apply)
    await projection.catch_up(log, (await log.tail(USAGE)).sequence)
    return projection.state


async def kinds_of(log):
    tail = await log.tail(USAGE)
    frames = [(await log.get(USAGE, at)).frame for at in range(1, tail.sequence + 1)]
    return [decode_header(frame, USAGE, 1).kind for frame in frames]


async def test_a_writer_opens_an_epoch_before_it_serves():
    log = await opened()
    async with leading(writer_on(log)) as writer:
        assert writer.epoch == 1
        assert await kinds_of(log) == [FrameKind.EPOCH]


async def test_commands_of_one_turn_share_a_frame_and_see_each_other():
    log = await opened()
    async with leading(writer_on(log, amount=20)) as writer:
        takes = [writer.submit(Take(f"op-{number}", 1)) for number in range(200)]
        answers = await asyncio.gather(*takes)
    assert sum(answer.granted for answer in answers) == 20
    assert [answer.left for answer in answers[:20]] == list(range(19, -1, -1))
    assert await kinds_of(log) == [FrameKind.EPOCH, FrameKind.EVENTS]
    assert (await replayed(log, 20)).left == {"total": 0}


async def test_the_same_command_in_the_same_frame_happens_once():
    log = await opened()
    async with leading(writer_on(log)) as writer:
        first, second = await asyncio.gather(
            writer.submit(Take("op", 10)), writer.submit(Take("op", 10))
        )
        assert first == second == Given("op", granted=True, left=990)
        assert (await writer.read(lambda state: dict(state.left))) == {"total": 990}


async def test_what_is_not_an_answer_is_raised_and_the_rest_of_the_frame_stands():
    log = await opened()
    async with leading(writer_on(log)) as writer:
        bad, good = writer.submit(Take("bad", -1)), writer.submit(Take("good", 1))
        assert (await good).left == 999
        with pytest.raises(InvalidRequest):
            await bad


async def test_more_events_than_a_frame_holds_go_into_the_next():
    log = await opened()
    async with leading(writer_on(log)) as writer:
        takes = [writer.submit(Take(f"op-{number}", 1)) for number in range(600)]
        assert [answer.left for answer in await asyncio.gather(*takes)][-1] == 400
    assert await kinds_of(log) == [FrameKind.EPOCH, *[FrameKind.EVENTS] * 3]


async def test_a_full_queue_refuses():
    log = await opened()
    async with leading(writer_on(log, queue_commands_max=2)) as writer:
        writer.submit(Take("a", 1))
        writer.submit(Take("b", 1))
        with pytest.raises(Overloaded):
            writer.submit(Take("c", 1))


async def test_a_writer_that_does_not_lead_refuses():
    writer = writer_on(await opened())
    with pytest.raises(LogUnavailable):
        writer.submit(Take("op", 1))


async def test_a_caller_that_hangs_up_cancels_no_append():
    log = await opened()
    async with leading(writer_on(log)) as writer:
        caller = asyncio.ensure_future(writer.submit(Take("gone", 7)))
        kept = writer.submit(Take("kept", 1))
        await asyncio.sleep(0)
        caller.cancel()
        await kept
        repeated = await writer.submit(Take("gone", 7))
        assert repeated.left in (992, 993)  # decided before or after the other, once
    assert (await replayed(log)).left == {"total": 992}


async def test_live_state_and_replay_are_equal_across_restarts():
    log = await opened()
    for round_number in range(3):
        async with leading(writer_on(log)) as writer:
            assert writer.epoch == round_number + 1
            takes = [writer.submit(Take(f"{round_number}-{at}", 1)) for at in range(10)]
            await asyncio.gather(*takes)
            live = await writer.read(Budget.digest)
        assert live == (await replayed(log)).digest()
    assert (await replayed(log)).left == {"total": 970}


async def test_the_clock_never_goes_back():
    log, times = await opened(), iter([500, 400, 900, 100] + [50] * 100)
    async with leading(writer_on(log, clock=lambda: next(times), tick_s=60)) as writer:
        for number in range(4):
            await writer.submit(Take(f"op-{number}", 1))
        taken = await writer.read(lambda state: list(state.operations.values()))
    at_ns = [event.at_ns for event in taken]
    assert at_ns == sorted(at_ns) and at_ns[0] >= 500
    await replayed(log)  # the chain refuses frames that go back in time


async def test_a_lingering_command_shares_the_frame_of_the_next_one():
    log = await opened()
    async with leading(writer_on(log, linger_s=60, tick_s=60)) as writer:
        await writer.submit(Take("first", 1))
        settled = writer.submit(Take("lingers", 1), lingers=True)
        await asyncio.sleep(0)
        assert not settled.done()
        await writer.submit(Take("second", 1))
        assert settled.done()
    assert len(await kinds_of(log)) == 3


async def test_a_lingering_command_alone_goes_after_its_wait():
    async with leading(writer_on(await opened(), linger_s=0.001)) as writer:
        assert (await writer.submit(Take("alone", 1), lingers=True)).left == 999


async def test_what_time_has_caused_is_decided_without_a_caller():
    log = await opened()
    writer = DecidedWriter(
        log, BudgetDecider(expires_at_ns=1), budget(50), Cursor(USAGE), WriterTerms()
    )
    async with leading(writer):
        assert (await writer.submit(Take("late", 1))).granted is False
    assert (await replayed(log, 50)).left == {"total": 0}


async def test_a_defect_in_a_view_is_its_callers_and_the_writer_serves_on():
    async with leading(writer_on(await opened())) as writer:
        with pytest.raises(ZeroDivisionError):
            await writer.read(lambda state: 1 // 0)
        assert (await writer.submit(Take("op", 1))).left == 999


async def test_a_view_sees_what_is_durable_and_nothing_that_is_in_flight():
    log = await opened()
    async with leading(writer_on(log)) as writer:
        await writer.submit(Take("durable", 1))
        in_flight = writer.submit(Take("in flight", 1))
        seen, at = await writer.read(lambda state: (dict(state.left), writer.cursor.sequence))
        assert (seen, at) in [({"total": 999}, 2), ({"total": 998}, 3)]
        await in_flight
