"""Observed streams: nothing waits for them, and what they lose is counted."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bursar.errors import InvalidRequest, LogBroken
from bursar.eventlog.frame import NO_HASH, FrameKind, Heading, encode, frame_hash
from bursar.eventlog.log import AppendUncertain, Cursor, Record
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.observed import ObservedTerms, ObservedWriter
from bursar.eventlog.projection import Projection
from bursar.eventlog.stream import StreamId
from bursar.eventlog.writers import WriterChains

CACHE = StreamId("cache")


def collected(chains=None):
    def add(state, event_bytes, number):
        state.append(event_bytes)
        return state

    chains = chains or WriterChains(Cursor(CACHE))
    return Projection([], chains, add), chains


async def read_all(log, chains=None):
    projection, chains = collected(chains)
    await projection.catch_up(log, (await log.tail(CACHE)).sequence)
    return projection.state, chains


class LosesAnswers(MemoryLog):
    """Every second append lands, but its answer is lost."""

    appends = 0

    async def append(self, stream, frame, expected_sequence, timeout_s):
        sequence = await super().append(stream, frame, expected_sequence, timeout_s)
        self.appends += 1
        if self.appends % 2:
            raise AppendUncertain("the answer was lost")
        return sequence


async def written(log, events, terms=None):
    await log.open(CACHE)
    writer = ObservedWriter(log, CACHE, terms)
    for event in events:
        writer.write(event)
    writer.close()
    await writer.run()
    return writer


async def test_events_of_one_window_share_a_frame_in_their_order():
    log = MemoryLog()
    events = [b"event %d" % number for number in range(300)]
    writer = await written(log, events)
    assert writer.written_events == 300
    found, chains = await read_all(log)
    assert found == events
    assert (await log.tail(CACHE)).sequence == 3  # 256, 44, and the frame that closes
    assert (chains.missing_events, chains.unclosed_writers) == (0, 0)


async def test_an_event_is_framed_without_another_coming():
    log = MemoryLog()
    await log.open(CACHE)
    writer = ObservedWriter(log, CACHE, ObservedTerms(frame_s=0.001))
    projection, _ = collected()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.run())
        writer.write(b"alone")
        await projection.catch_up(log, 1)
        writer.close()
    assert projection.state == [b"alone"]


async def test_a_frame_sent_twice_is_folded_once():
    log = LosesAnswers()
    await written(log, [b"once"], ObservedTerms(pause_s=0))
    found, chains = await read_all(log)
    assert found == [b"once"]
    assert chains.duplicates > 0
    assert chains.missing_frames == 0


async def test_what_the_buffer_cannot_take_is_counted_by_the_writer_and_by_readers():
    log = MemoryLog()
    await log.open(CACHE)
    writer = ObservedWriter(log, CACHE, ObservedTerms(buffer_events_max=3))
    taken = [writer.write(b"%d" % number) for number in range(5)]
    assert taken == [True, True, True, False, False]
    assert writer.overflowed_events == 2
    writer.close()
    await writer.run()
    found, chains = await read_all(log)
    assert found == [b"0", b"1", b"2"]
    assert chains.missing_events == 2


async def test_a_writer_that_was_killed_shows_as_unclosed():
    log = MemoryLog()
    await log.open(CACHE)
    writer = ObservedWriter(log, CACHE, ObservedTerms(frame_s=0))
    running = asyncio.ensure_future(writer.run())
    writer.write(b"framed")
    projection, chains = collected()
    await projection.catch_up(log, 1)
    running.cancel()
    assert chains.unclosed_writers == 1


async def test_writers_do_not_disturb_each_other():
    log = MemoryLog()
    await log.open(CACHE)
    writers = [ObservedWriter(log, CACHE) for _ in range(5)]
    for number in range(20):
        writers[number % 5].write(b"%d" % number)
    for writer in writers:
        writer.close()
    await asyncio.gather(*(writer.run() for writer in writers))
    found, chains = await read_all(log)
    assert sorted(map(int, found)) == list(range(20))
    assert chains.missing_frames == chains.missing_events == chains.unclosed_writers == 0


def frames_of_one_writer(count):
    frames, previous = [], NO_HASH
    for number in range(1, count + 1):
        heading = Heading(
            kind=FrameKind.EVENTS,
            stream=CACHE,
            writer_id=b"w" * 16,
            writer_epoch=0,
            writer_sequence=number,
            attempt_id=os.urandom(16),
            first_event_number=number,
            written_at_ns=number,
            previous_hash=previous,
        )
        frames.append(encode(heading, [b"%d" % number]))
        previous = frame_hash(frames[-1])
    return frames


def accept_all(chains, frames):
    return [
        chains.accept(Record(CACHE, chains.cursor.sequence + 1, frame)) is not None
        for frame in frames
    ]


def test_a_missing_frame_of_a_writer_is_counted_and_the_rest_goes_on():
    first, _, _, fourth, fifth = frames_of_one_writer(5)
    chains = WriterChains(Cursor(CACHE))
    assert accept_all(chains, [first, fourth, fifth]) == [True, True, True]
    assert (chains.missing_frames, chains.missing_events) == (2, 2)


def test_a_late_duplicate_is_dropped():
    first, second, third = frames_of_one_writer(3)
    chains = WriterChains(Cursor(CACHE))
    assert accept_all(chains, [first, second, third, second]) == [True, True, True, False]
    assert chains.duplicates == 1


def test_two_frames_counted_as_one_are_a_broken_log():
    (first,), (other,) = frames_of_one_writer(1), frames_of_one_writer(1)
    chains = WriterChains(Cursor(CACHE))
    with pytest.raises(LogBroken) as raised:
        accept_all(chains, [first, other])
    assert raised.value.facts["sequence"] == 2


def test_a_frame_that_does_not_continue_its_writer_is_a_broken_log():
    first, _ = frames_of_one_writer(2)
    _, foreign = frames_of_one_writer(2)
    with pytest.raises(LogBroken):
        accept_all(WriterChains(Cursor(CACHE)), [first, foreign])


def test_the_chains_survive_a_snapshot():
    frames = frames_of_one_writer(4)
    before = WriterChains(Cursor(CACHE))
    accept_all(before, frames[:1] + frames[2:3])
    after = WriterChains(before.cursor, before.dump())
    assert accept_all(after, [frames[2], frames[3]]) == [False, True]
    assert (after.missing_frames, after.duplicates, after.unclosed_writers) == (1, 1, 1)


async def test_an_event_above_16_kib_is_refused():
    writer = ObservedWriter(MemoryLog(), CACHE)
    with pytest.raises(InvalidRequest):
        writer.write(bytes(16 * 1024 + 1))


@pytest.mark.broker
async def test_kill_9_loses_at_most_what_was_not_framed_and_shows_as_unclosed(broker, connect):
    stream = StreamId("cache", 999)
    log = connect(broker.url)
    await log.open(stream)
    libs = str(Path(__file__).parents[3] / "libs")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITES_FOR_EVER, broker.url, env=os.environ | {"PYTHONPATH": libs}
    )
    projection, chains = collected(WriterChains(Cursor(stream)))
    async with asyncio.timeout(30):
        await projection.catch_up(log, 5)
    process.kill()
    await process.wait()
    await projection.catch_up(log, (await log.tail(stream)).sequence)
    assert projection.state == [b"%d" % number for number in range(len(projection.state))]
    assert (chains.missing_frames, chains.missing_events, chains.unclosed_writers) == (0, 0, 1)
    await log.close()


WRITES_FOR_EVER = """
import asyncio, sys
from bursar.eventlog.jetstream import JetStreamLog
from bursar.eventlog.nats_access import Access
from bursar.eventlog.observed import ObservedWriter
from bursar.eventlog.stream import StreamId

async def main():
    writer = ObservedWriter(JetStreamLog(Access((sys.argv[1],))), StreamId("cache", 999))
    running = asyncio.ensure_future(writer.run())
    for number in range(10**9):
        writer.write(b"%d" % number)
        await asyncio.sleep(0.001)
    await running

asyncio.run(main())
"""
