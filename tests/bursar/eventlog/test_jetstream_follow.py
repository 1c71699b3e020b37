"""Following a real broker through what goes wrong on the way: every frame once, or LogBroken."""

import asyncio
import json
import random

import pytest

from bursar.errors import FailedPrecondition, LogBroken
from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.frame import FrameKind, Heading, encode
from bursar.eventlog.log import Cursor
from nats_broker import STORE_BYTES_MAX, NatsBroker
from tcp_proxy import TcpProxy, Way

pytestmark = pytest.mark.broker


async def api(log, subject, query):
    connection = await log.connection()
    reply = await connection.request(f"$JS.API.{subject}", json.dumps(query).encode(), 5.0)
    answer = json.loads(reply.payload)
    assert "error" not in answer, answer
    return answer


class Filled:
    """A stream that is filled frame by frame, and what a follower of it has seen."""

    def __init__(self, log, stream):
        self.log, self.stream = log, stream
        self.chain = DecidedChain(Cursor(stream))
        self.seen = []
        self._waiting = []

    async def append(self, count):
        for _ in range(count):
            heading = Heading(
                kind=FrameKind.EVENTS,
                stream=self.stream,
                writer_id=b"w" * 16,
                writer_epoch=0,
                writer_sequence=self.chain.sequence + 1,
                attempt_id=b"a" * 16,
                first_event_number=self.chain.next_event_number,
                written_at_ns=0,
                previous_hash=self.chain.frame_hash,
            )
            frame = encode(heading, [bytes(100)])
            sequence = await self.log.append(self.stream, frame, self.chain.sequence, 5.0)
            self.chain.advance(sequence, frame)

    def receive(self, record):
        self.seen.append(record.sequence)
        for sequence, future in self._waiting:
            if record.sequence >= sequence and not future.done():
                future.set_result(None)

    async def reached(self, sequence):
        if sequence and (not self.seen or self.seen[-1] < sequence):
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((sequence, future))
            async with asyncio.timeout(30):
                await future

    def was_seen_once_from(self, first):
        return self.seen == list(range(first, self.chain.sequence + 1))


async def test_connections_that_are_cut_again_and_again_lose_and_double_nothing(
    broker, connect, usage
):
    writing = connect(broker.url)
    await writing.open(usage)
    filled = Filled(writing, usage)
    chance = random.Random(7)
    async with TcpProxy(broker.port).serving() as proxy:
        reading = connect(proxy.url)
        following = asyncio.ensure_future(reading.follow(Cursor(usage), filled.receive))
        for _ in range(12):
            await filled.append(chance.randint(1, 60))
            await filled.reached(chance.randint(0, filled.chain.sequence))
            proxy.cut()
        await filled.reached(filled.chain.sequence)
        following.cancel()
        await reading.close()
    assert filled.was_seen_once_from(1)
    await writing.close()


async def test_messages_lost_on_the_way_are_asked_for_again(broker, connect, usage):
    writing = connect(broker.url)
    await writing.open(usage)
    filled = Filled(writing, usage)
    async with TcpProxy(broker.port).serving() as proxy:
        reading = connect(proxy.url)
        following = asyncio.ensure_future(reading.follow(Cursor(usage), filled.receive))
        await filled.append(5)
        await filled.reached(5)
        await proxy.down(Way.DROP)
        await filled.append(5)
        await proxy.down(Way.PASS)
        await filled.append(5)
        await filled.reached(15)
        following.cancel()
        await reading.close()
    assert filled.was_seen_once_from(1)
    await writing.close()


async def test_an_idle_follower_gets_only_what_is_new_after_a_restart_of_the_broker(
    own_broker, connect, usage
):
    log = connect(own_broker.url)
    await log.open(usage)
    filled = Filled(log, usage)
    await filled.append(50)
    cursor = filled.chain.cursor
    following = asyncio.ensure_future(log.follow(cursor, filled.receive))
    while not (await api(log, f"CONSUMER.NAMES.{usage.jetstream_name}", {}))["consumers"]:
        pass  # until it is attached, and idle
    own_broker.kill()
    own_broker.start()
    filled.log = connect(own_broker.url)  # the other one's connection for writing was cut
    await filled.append(1)
    await filled.reached(51)
    assert filled.seen == [51]
    await filled.log.close()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await log.close()


async def test_a_consumer_that_the_server_forgot_is_made_anew(broker, connect, usage):
    log = connect(broker.url)
    await log.open(usage)
    filled = Filled(log, usage)
    following = asyncio.ensure_future(log.follow(Cursor(usage), filled.receive))
    await filled.append(3)
    await filled.reached(3)
    names = (await api(log, f"CONSUMER.NAMES.{usage.jetstream_name}", {}))["consumers"]
    for name in names:
        await api(log, f"CONSUMER.DELETE.{usage.jetstream_name}.{name}", {})
    await filled.append(3)
    await filled.reached(6)
    assert filled.was_seen_once_from(1)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await log.close()


async def test_frames_archived_before_they_were_read_are_missed(broker, connect, usage):
    log = connect(broker.url)
    await log.open(usage)
    filled = Filled(log, usage)
    await filled.append(10)
    await api(log, f"STREAM.PURGE.{usage.jetstream_name}", {"seq": 6})
    async with asyncio.timeout(20):
        with pytest.raises(LogBroken, match="archived") as raised:
            await log.follow(Cursor(usage), filled.receive)
    assert raised.value.facts["sequence"] == 1
    assert filled.seen == []
    await log.close()


async def test_a_stream_whose_settings_were_changed_is_refused_and_they_are_named(
    broker, connect, usage
):
    log = connect(broker.url)
    await log.open(usage)
    info = await api(log, f"STREAM.INFO.{usage.jetstream_name}", {})
    for change in ({"max_age": 3600 * 10**9}, {"discard": "old"}, {"allow_direct": True}):
        config = info["config"] | change
        await api(log, f"STREAM.UPDATE.{usage.jetstream_name}", config)
        with pytest.raises(FailedPrecondition, match=next(iter(change))):
            await log.open(usage)
    await api(log, f"STREAM.UPDATE.{usage.jetstream_name}", info["config"])
    await log.open(usage)
    await api(log, f"STREAM.UPDATE.{usage.jetstream_name}", info["config"] | {"sealed": True})
    with pytest.raises(FailedPrecondition, match="sealed"):
        await log.open(usage)
    await log.close()


async def test_a_store_too_small_for_all_streams_is_refused(connect, usage):
    broker = NatsBroker().start()
    log = connect(broker.url, store_bytes=STORE_BYTES_MAX * 10, partitions={"usage": 1})
    try:
        with pytest.raises(FailedPrecondition, match="too small"):
            await log.open(type(usage)("usage"))
    finally:
        await log.close()
        broker.remove()
