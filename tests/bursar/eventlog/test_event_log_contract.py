"""What every event log promises, asked of each."""

import asyncio
from time import time_ns

import pytest

from bursar.errors import FailedPrecondition, InvalidRequest, LogBroken
from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.following import follow_until
from bursar.eventlog.frame import NO_HASH, FrameKind, Heading, encode, frame_hash
from bursar.eventlog.log import Cursor, FenceRefused, LogClosed, LogFull
from bursar.eventlog.memory import MemoryLog

TIMEOUT_S = 5.0


class JetStreamCase:
    def __init__(self, log):
        self.log = log

    async def delete(self, stream):
        connection = await self.log.connection()
        await connection.request(f"$JS.API.STREAM.DELETE.{stream.jetstream_name}", b"", TIMEOUT_S)


class MemoryCase:
    def __init__(self, log):
        self.log = log

    async def delete(self, stream):
        self.log.delete(stream)


@pytest.fixture(params=["memory", pytest.param("jetstream", marks=pytest.mark.broker)])
async def case(request):
    if request.param == "memory":
        made = MemoryCase(MemoryLog())
    else:
        broker, connect = (request.getfixturevalue(name) for name in ("broker", "connect"))
        made = JetStreamCase(connect(broker.url))
    yield made
    await made.log.close()


def frames(stream, count, writer=b"w" * 16, after=None):
    """A chain of frames with one event each, opened by an epoch frame."""
    chain = DecidedChain(after or Cursor(stream))
    made = []
    for number in range(count):
        kind = FrameKind.EVENTS if chain.epoch else FrameKind.EPOCH
        heading = Heading(
            kind=kind,
            stream=stream,
            writer_id=writer,
            writer_epoch=1,
            writer_sequence=number + 1,
            attempt_id=b"a" * 16,
            first_event_number=chain.next_event_number,
            written_at_ns=number,
            previous_hash=chain.frame_hash,
        )
        made.append(encode(heading, [b"event %d" % number] if kind is FrameKind.EVENTS else []))
        chain.advance(chain.sequence + 1, made[-1])
    return made


async def append_all(log, stream, made, after=0):
    for sequence, frame in enumerate(made, start=after):
        assert await log.append(stream, frame, sequence, TIMEOUT_S) == sequence + 1


async def followed(log, after, until):
    """The records after the cursor, up to the sequence `until`."""
    found, enough = [], asyncio.Event()

    def receive(record):
        found.append(record)
        if record.sequence >= until:
            enough.set()

    async with asyncio.timeout(20):
        await follow_until(log, after, receive, enough)
    return found


async def test_a_new_stream_is_empty(case, usage):
    tail = await case.log.open(usage)
    assert (tail.sequence, tail.first_sequence) == (0, 1)
    assert abs(tail.broker_ns - time_ns()) < 10 * 10**9
    assert await case.log.get(usage, 1) is None


async def test_many_processes_may_open_a_new_stream_at_once(case, usage):
    tails = await asyncio.gather(*(case.log.open(usage) for _ in range(5)))
    assert len({tail.created for tail in tails}) == 1


async def test_opening_twice_changes_nothing(case, usage):
    first = await case.log.open(usage)
    await append_all(case.log, usage, frames(usage, 2))
    again = await case.log.open(usage)
    assert (again.sequence, again.created) == (2, first.created)


async def test_frames_come_back_as_they_were_given(case, usage):
    await case.log.open(usage)
    made = frames(usage, 3)
    await append_all(case.log, usage, made)
    found = [await case.log.get(usage, sequence) for sequence in (1, 2, 3)]
    assert [record.frame for record in found] == made
    tail = await case.log.tail(usage)
    assert tail.sequence == 3
    assert tail.used_bytes >= sum(map(len, made))


async def test_an_append_at_another_end_is_refused(case, usage):
    await case.log.open(usage)
    first, second = frames(usage, 2)
    for expected in (1, 7):
        with pytest.raises(FenceRefused):
            await case.log.append(usage, first, expected, TIMEOUT_S)
    await case.log.append(usage, first, 0, TIMEOUT_S)
    for expected in (0, 2):
        with pytest.raises(FenceRefused):
            await case.log.append(usage, second, expected, TIMEOUT_S)
    assert (await case.log.tail(usage)).sequence == 1


async def test_an_append_without_a_fence_goes_to_the_end(case, usage):
    await case.log.open(usage)
    for sequence, frame in enumerate(frames(usage, 3), start=1):
        assert await case.log.append(usage, frame, None, TIMEOUT_S) == sequence


async def test_a_frame_of_512_kib_fits_and_a_bigger_message_does_not(case, usage):
    await case.log.open(usage)
    await case.log.append(usage, bytes(512 * 1024), 0, TIMEOUT_S)
    assert len((await case.log.get(usage, 1)).frame) == 512 * 1024
    with pytest.raises(InvalidRequest):
        await case.log.append(usage, bytes(514 * 1024), 1, TIMEOUT_S)


async def test_only_one_of_many_writers_wins_a_place(case, usage):
    await case.log.open(usage)
    made = [frames(usage, 1, writer=bytes([number]) * 16)[0] for number in range(8)]
    results = await asyncio.gather(
        *(case.log.append(usage, frame, 0, TIMEOUT_S) for frame in made), return_exceptions=True
    )
    assert sorted(map(type, results), key=str) == [FenceRefused] * 7 + [int]


async def test_following_gives_what_was_there_and_what_comes(case, usage):
    await case.log.open(usage)
    made = frames(usage, 60)
    await append_all(case.log, usage, made[:40])
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(followed(case.log, Cursor(usage), 60))
        await append_all(case.log, usage, made[40:], after=40)
    assert [record.sequence for record in following.result()] == list(range(1, 61))
    assert [record.frame for record in following.result()] == made


async def test_following_begins_after_the_cursor(case, usage):
    await case.log.open(usage)
    made = frames(usage, 10)
    await append_all(case.log, usage, made)
    after = Cursor(usage, 7, frame_hash(made[6]))
    found = await followed(case.log, after, 10)
    assert [record.sequence for record in found] == [8, 9, 10]


async def test_followers_do_not_disturb_each_other(case, usage):
    await case.log.open(usage)
    await append_all(case.log, usage, frames(usage, 20))
    found = await asyncio.gather(*(followed(case.log, Cursor(usage), 20) for _ in range(4)))
    assert [len(records) for records in found] == [20] * 4


async def test_what_a_receiver_raises_ends_the_following(case, usage):
    await case.log.open(usage)
    await append_all(case.log, usage, frames(usage, 3))

    def receive(record):
        raise LogBroken("not what was written")

    async with asyncio.timeout(10):
        with pytest.raises(LogBroken):
            await case.log.follow(Cursor(usage), receive)


async def test_a_cursor_beyond_the_end_is_a_fork(case, usage):
    await case.log.open(usage)
    await append_all(case.log, usage, frames(usage, 3))
    with pytest.raises(LogBroken) as raised:
        await followed(case.log, Cursor(usage, 4, NO_HASH), 5)
    assert raised.value.facts == {"stream": "usage", "partition": usage.partition, "sequence": 4}


async def test_another_frame_at_the_cursor_is_a_fork(case, usage):
    await case.log.open(usage)
    made = frames(usage, 3)
    await append_all(case.log, usage, made)
    with pytest.raises(LogBroken) as raised:
        await followed(case.log, Cursor(usage, 2, frame_hash(made[2])), 3)
    assert raised.value.facts["sequence"] == 2


@pytest.mark.parametrize("frames_after", [2, 9])
async def test_a_stream_deleted_and_made_again_is_a_fork(case, usage, frames_after):
    await case.log.open(usage)
    await append_all(case.log, usage, frames(usage, 5))
    seen, enough = [], asyncio.Event()

    def receive(record):
        seen.append(record.sequence)
        if record.sequence == 5:
            enough.set()

    following = asyncio.ensure_future(case.log.follow(Cursor(usage), receive))
    await enough.wait()
    await case.delete(usage)
    await case.log.open(usage)
    await append_all(case.log, usage, frames(usage, frames_after, writer=b"o" * 16))
    async with asyncio.timeout(20):
        with pytest.raises(LogBroken) as raised:
            await following
    assert raised.value.facts["sequence"] == 5
    assert seen == [1, 2, 3, 4, 5]


async def test_another_process_sees_the_same_frames_in_a_stream_made_again_as_one(case, usage):
    await case.log.open(usage)
    made = frames(usage, 5)
    await append_all(case.log, usage, made)
    await case.delete(usage)
    await case.log.open(usage)
    await append_all(case.log, usage, made)  # restored from an archive: the same history
    found = await followed(case.log, Cursor(usage, 3, frame_hash(made[2])), 5)
    assert [record.sequence for record in found] == [4, 5]


async def test_a_closed_log_is_closed_to_appends_and_ends_its_followers(case, usage):
    await case.log.open(usage)
    following = asyncio.ensure_future(case.log.follow(Cursor(usage), lambda record: None))
    await asyncio.sleep(0)
    await case.log.close()
    await case.log.close()
    with pytest.raises(LogClosed):
        await case.log.append(usage, frames(usage, 1)[0], 0, TIMEOUT_S)
    async with asyncio.timeout(20):
        with pytest.raises(LogClosed):
            await following


async def test_a_stream_nobody_knows_is_refused(case, usage):
    with pytest.raises(InvalidRequest):
        await case.log.open(type(usage)("gossip"))


async def test_frames_stop_before_the_stream_is_full_and_barriers_still_fit(usage, request):
    for kind in ("memory", "jetstream"):
        if kind == "memory":
            log = MemoryLog(stream_bytes_max=1_000_000)
        else:
            broker, connect = (request.getfixturevalue(name) for name in ("broker", "connect"))
            log = connect(broker.url, store_bytes=1_000_000 * 1000 * 100 // 30)
        await log.open(usage)
        chain, sequence = DecidedChain(Cursor(usage)), 0

        def frame(kind, events, chain=chain):
            heading = Heading(
                kind, usage, b"w" * 16, 1, 1, b"a" * 16, chain.next_event_number, 1, NO_HASH
            )
            return encode(heading, events)

        with pytest.raises(LogFull):
            while True:
                big = frame(FrameKind.EVENTS, [bytes(16_000)])
                sequence = await log.append(usage, big, sequence, TIMEOUT_S)
        tail = await log.tail(usage)
        assert tail.sequence == sequence >= 55
        assert tail.used_bytes <= 980_000
        assert await log.append(usage, frame(FrameKind.BARRIER, []), sequence, TIMEOUT_S)
        await log.close()


async def test_another_number_of_partitions_is_refused(broker, connect, usage):
    log, other = connect(broker.url), connect(broker.url, partitions={"usage": 999})
    await log.open(usage)
    with pytest.raises(FailedPrecondition, match="1000 partitions"):
        await other.open(usage)
    await log.close()
    await other.close()
