"""Answers that come late or never, at every point: nothing doubles, nothing is lost."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.errors import LogBroken, LogUnavailable, SteppedDown, Unavailable
from bursar.eventlog.certain import Patience
from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.decided import DecidedWriter, WriterTerms
from bursar.eventlog.frame import FrameKind, decode
from bursar.eventlog.log import Cursor
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.projection import Projection, follow_into
from bursar.eventlog.stream import StreamId
from bursar.eventlog.tentative import Untracked
from faulty_log import Fault, FaultyLog
from toy_budget import Budget, BudgetDecider, Take, budget

USAGE = StreamId("usage")
QUICK = Patience(answer_s=1.0, pause_s=0.0, certainty_s=5.0)
AMOUNT = 10_000


def writer_on(log, **terms):
    settings = {"patience": QUICK, "tick_s": 60.0, "standby_s": 0.0}
    return DecidedWriter(
        log, BudgetDecider(), budget(AMOUNT), Cursor(USAGE), WriterTerms(**(settings | terms))
    )


async def submit_until_answered(writer, command):
    """As a client does: the same operation id again after UNAVAILABLE."""
    while True:
        await writer.ready.wait()
        try:
            return await writer.submit(command)
        except Unavailable:
            await asyncio.sleep(0)


async def replayed(log):
    decider = BudgetDecider()

    def apply(state, event_bytes, number):
        decider.evolve(state, decider.decode(event_bytes, number), Untracked())
        return state

    projection = Projection(budget(AMOUNT), DecidedChain(Cursor(USAGE)), apply)
    await projection.catch_up(log, (await log.tail(USAGE)).sequence)
    return projection.state


async def operations_in(log):
    """How often each operation is in the log."""
    found = Counter()
    for sequence in range(1, (await log.tail(USAGE)).sequence + 1):
        record = await log.get(USAGE, sequence)
        for event in decode(record.frame, USAGE, sequence).events:
            found[BudgetDecider().decode(event, 0).operation_id] += 1
    return found


async def run_through(faults, waves):
    """Waves of concurrent commands on a log with these faults; what was answered, and the log."""
    log = FaultyLog()
    await log.open(USAGE)
    writer = writer_on(log)
    running = asyncio.ensure_future(writer.run())
    await writer.ready.wait()
    log.faults = list(faults)
    answered = []
    for number, size in enumerate(waves):
        takes = [Take(f"{number}-{at}", 1) for at in range(size)]
        answered += await asyncio.gather(*(submit_until_answered(writer, take) for take in takes))
    live = await writer.read(Budget.digest)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return answered, live, log


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(Fault), max_size=12),
    st.lists(st.integers(1, 5), min_size=1, max_size=5),
)
async def test_whatever_happens_to_appends_each_command_happens_once(faults, waves):
    async with asyncio.timeout(30):
        answered, live, log = await run_through(faults, waves)
    assert all(answer.granted for answer in answered)
    assert await operations_in(log) == {answer.operation_id: 1 for answer in answered}
    state = await replayed(log)
    assert live == state.digest()
    assert state.left["total"] == AMOUNT - len(answered)


@pytest.mark.parametrize("second", list(Fault))
@pytest.mark.parametrize("first", list(Fault))
async def test_two_faults_in_a_row_neither_double_nor_lose(first, second):
    answered, live, log = await run_through([first, second], [3, 2])
    assert await operations_in(log) == {answer.operation_id: 1 for answer in answered}
    assert live == (await replayed(log)).digest()


async def one_take(faults, **terms):
    """What a command is told when its append meets these faults, and what the writer holds then."""
    log = FaultyLog()
    await log.open(USAGE)
    writer = writer_on(log, **terms)
    running = asyncio.ensure_future(writer.run())
    await writer.ready.wait()
    before = await writer.read(Budget.digest)
    log.faults = list(faults)
    result = (await asyncio.gather(writer.submit(Take("op", 1)), return_exceptions=True))[0]
    await writer.ready.wait()
    after = await writer.read(Budget.digest)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return result, before == after, log


async def kinds_in(log):
    records = [await log.get(USAGE, at) for at in range(1, (await log.tail(USAGE)).sequence + 1)]
    return [decode(record.frame, USAGE, 1).header.kind.name for record in records]


async def test_a_lost_answer_of_a_frame_that_landed_is_found_out():
    result, unchanged, log = await one_take([Fault.ANSWER_LOST])
    assert result.granted and not unchanged
    assert await kinds_in(log) == ["EPOCH", "EVENTS"]


async def test_a_frame_that_never_landed_is_closed_by_a_barrier_and_taken_back():
    result, unchanged, log = await one_take([Fault.NEVER_ARRIVES])
    assert type(result) is LogUnavailable and unchanged
    assert await kinds_in(log) == ["EPOCH", "BARRIER"]


async def test_a_late_frame_cannot_land_behind_its_barrier():
    result, unchanged, log = await one_take([Fault.LATE_BY_ONE])
    assert type(result) is LogUnavailable and unchanged
    assert await kinds_in(log) == ["EPOCH", "BARRIER"]


async def test_a_barrier_whose_own_answer_is_lost_is_found_out():
    result, unchanged, log = await one_take([Fault.NEVER_ARRIVES, Fault.ANSWER_LOST])
    assert type(result) is LogUnavailable and unchanged
    assert await kinds_in(log) == ["EPOCH", "BARRIER"]


async def test_a_refusal_that_spoke_of_nothing_proves_nothing():
    result, _, log = await one_take([Fault.NEVER_ARRIVES, Fault.SPOKEN_TOO_EARLY])
    assert type(result) is LogUnavailable
    assert await kinds_in(log) == ["EPOCH", "BARRIER"]
    result, _, log = await one_take([Fault.COMMITTED_AFTER_REFUSAL, Fault.SPOKEN_TOO_EARLY])
    assert result.granted
    assert await kinds_in(log) == ["EPOCH", "EVENTS"]


async def test_without_a_leader_the_same_frame_is_tried_again():
    result, _, log = await one_take([Fault.NO_LEADER] * 5)
    assert result.granted
    assert await kinds_in(log) == ["EPOCH", "EVENTS"]


async def test_undecided_serves_nothing_before_an_epoch_of_its_own_stands():
    patience = Patience(answer_s=1.0, pause_s=0.001, certainty_s=0.02)
    result, unchanged, log = await one_take([Fault.NEVER_ARRIVES] * 50, patience=patience)
    assert isinstance(result, LogUnavailable) and unchanged
    assert await kinds_in(log) == ["EPOCH", "EPOCH"]


async def test_two_hundred_takes_of_a_refused_append_leave_no_trace():
    log = FaultyLog()
    await log.open(USAGE)
    writer = DecidedWriter(
        log, BudgetDecider(), budget(20), Cursor(USAGE), WriterTerms(patience=QUICK, tick_s=60.0)
    )
    running = asyncio.ensure_future(writer.run())
    await writer.ready.wait()
    before = await writer.read(Budget.digest)
    log.faults = [Fault.NEVER_ARRIVES]
    takes = [writer.submit(Take(f"op-{number}", 1)) for number in range(200)]
    results = await asyncio.gather(*takes, return_exceptions=True)
    assert {type(result) for result in results} == {LogUnavailable}
    assert await writer.read(Budget.digest) == before == budget(20).digest()
    again = await asyncio.gather(*(writer.submit(Take(f"op-{n}", 1)) for n in range(200)))
    assert sum(answer.granted for answer in again) == 20
    running.cancel()


class Gate(MemoryLog):
    """Appends wait while the gate is closed, as those of a process that is stopped do."""

    def __init__(self):
        super().__init__()
        self.gates = {}

    def writer_view(self, name):
        return GateView(self, self.gates.setdefault(name, asyncio.Event()))


class GateView:
    def __init__(self, log, gate):
        self._log, self.gate = log, gate
        gate.set()

    async def append(self, stream, frame, expected_sequence, timeout_s):
        await self.gate.wait()
        return await self._log.append(stream, frame, expected_sequence, timeout_s)

    def __getattr__(self, name):
        return getattr(self._log, name)


async def test_an_old_leaders_frames_never_land_behind_a_new_ones_epoch():
    log = Gate()
    await log.open(USAGE)
    old_view, new_view = log.writer_view("old"), log.writer_view("new")
    old, new = writer_on(old_view, standby_s=60.0), writer_on(new_view)
    tasks = [asyncio.ensure_future(old.run())]
    await old.ready.wait()
    assert (await old.submit(Take("before", 1))).left == AMOUNT - 1
    old_view.gate.clear()  # stopped in the middle of an append
    stopped = old.submit(Take("stopped", 1))
    await asyncio.sleep(0)
    tasks.append(asyncio.ensure_future(new.run()))
    await new.ready.wait()
    assert new.epoch == 2
    old_view.gate.set()
    with pytest.raises(SteppedDown):
        await stopped
    with pytest.raises(SteppedDown):
        old.submit(Take("after", 1))
    assert (await new.submit(Take("stopped", 1))).left == AMOUNT - 2
    assert await operations_in(log) == {"before": 1, "stopped": 1}
    assert await kinds_in(log) == ["EPOCH", "EVENTS", "EPOCH", "EVENTS"]
    for task in tasks:
        task.cancel()


async def test_a_deposed_writer_follows_and_can_lead_again():
    log = Gate()
    await log.open(USAGE)
    first, second = writer_on(log.writer_view("first")), writer_on(log.writer_view("second"))
    running = asyncio.ensure_future(first.run())
    await first.ready.wait()
    other = asyncio.ensure_future(second.run())
    await second.ready.wait()
    await second.submit(Take("op", 1))
    other.cancel()
    with pytest.raises(SteppedDown):
        await first.submit(Take("other", 1))
    answer = await submit_until_answered(first, Take("op", 1))
    assert answer.left == AMOUNT - 1  # what the other decided is known
    assert first.epoch == 3
    running.cancel()


async def test_an_epoch_frame_refused_by_a_frame_in_flight_is_tried_at_the_new_end():
    class LandsFirst(MemoryLog):
        """Just before the second writer's epoch frame, a frame of the first one lands."""

        in_flight = None

        def __init__(self):
            super().__init__()
            self.is_in_flight = asyncio.Event()

        async def append(self, stream, frame, expected_sequence, timeout_s):
            kind = decode(frame, USAGE, 1).header.kind
            if kind is FrameKind.EPOCH and self.in_flight is not None:
                waiting, self.in_flight = self.in_flight, None
                await super().append(*waiting)
            if kind is FrameKind.EVENTS and self.in_flight is None and expected_sequence == 1:
                self.in_flight = (stream, frame, expected_sequence, timeout_s)
                self.is_in_flight.set()
                await asyncio.Event().wait()  # its writer is killed before it hears
            return await super().append(stream, frame, expected_sequence, timeout_s)

    log = LandsFirst()
    await log.open(USAGE)
    first = writer_on(log)
    running = asyncio.ensure_future(first.run())
    await first.ready.wait()
    first.submit(Take("in flight", 1))
    await log.is_in_flight.wait()
    running.cancel()  # killed
    await asyncio.gather(running, return_exceptions=True)
    second = writer_on(log)
    running = asyncio.ensure_future(second.run())
    await second.ready.wait()
    assert await kinds_in(log) == ["EPOCH", "EVENTS", "EPOCH"]
    assert await second.read(lambda state: state.left["total"]) == AMOUNT - 1
    running.cancel()


async def test_a_flipped_bit_breaks_that_partition_and_names_the_frame():
    log = MemoryLog()
    await log.open(USAGE)
    writer = writer_on(log)
    running = asyncio.ensure_future(writer.run())
    await writer.ready.wait()
    for number in range(5):
        await writer.submit(Take(f"op-{number}", 1))
    running.cancel()
    damaged = await _with_flipped_bit(log, sequence=4)
    broken_writer = writer_on(damaged)
    with pytest.raises(LogBroken) as raised:
        await broken_writer.run()
    assert raised.value.facts == {"stream": "usage", "partition": 0, "sequence": 4}
    with pytest.raises(LogBroken) as raised:
        broken_writer.submit(Take("op", 1))
    assert raised.value.facts["sequence"] == 4


async def _with_flipped_bit(log, sequence):
    copy = MemoryLog()
    await copy.open(USAGE)
    for at in range(1, (await log.tail(USAGE)).sequence + 1):
        frame = bytearray((await log.get(USAGE, at)).frame)
        if at == sequence:
            frame[-3] ^= 1
        await copy.append(USAGE, bytes(frame), at - 1, 1.0)
    return copy


async def test_an_event_that_may_not_be_skipped_breaks_the_log_with_its_sequence():
    log = MemoryLog()
    await log.open(USAGE)

    class FromTheFuture(BudgetDecider):
        def encode(self, event, command, now_ns):
            return b"skippable" if command.operation_id == "skippable" else b"unknown"

    writer = DecidedWriter(log, FromTheFuture(), budget(9), Cursor(USAGE), WriterTerms(tick_s=60))
    running = asyncio.ensure_future(writer.run())
    await writer.ready.wait()
    await writer.submit(Take("skippable", 1))
    await writer.submit(Take("unknown", 1))
    running.cancel()
    with pytest.raises(LogBroken) as raised:
        await writer_on(log).run()
    assert raised.value.facts["sequence"] == 3
    assert "may not be skipped" in raised.value.message


async def test_a_defect_in_the_rules_ends_the_writer_and_leaves_nobody_waiting():
    class Defective(BudgetDecider):
        def evolve(self, state, event, undo):
            super().evolve(state, event, undo)
            if event.operation_id == "defect":
                raise ZeroDivisionError

    log = MemoryLog()
    await log.open(USAGE)
    state = budget(9)
    writer = DecidedWriter(log, Defective(), state, Cursor(USAGE), WriterTerms(tick_s=60))
    running = asyncio.ensure_future(writer.run())
    await writer.ready.wait()
    takes = [writer.submit(Take(name, 1)) for name in ("before", "defect", "after")]
    results = await asyncio.gather(*takes, return_exceptions=True)
    assert {type(result) for result in results} == {LogUnavailable}
    with pytest.raises(ZeroDivisionError):
        await running
    assert state.digest() == budget(9).digest()
    assert await kinds_in(log) == ["EPOCH"]


async def test_a_projection_follows_a_writer_and_knows_when_it_has_caught_up():
    log = MemoryLog()
    await log.open(USAGE)
    writer = writer_on(log)
    running = asyncio.ensure_future(writer.run())
    await writer.ready.wait()
    await writer.submit(Take("op", 5))

    def count(state, event_bytes, number):
        return state + 1

    projection = Projection(0, DecidedChain(Cursor(USAGE)), count)
    following = asyncio.ensure_future(follow_into(projection, log))
    await projection.caught_up()
    assert projection.state == 1
    assert projection.cursor == writer.cursor
    running.cancel()
    following.cancel()
