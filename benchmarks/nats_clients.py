"""What one append and one followed message cost this process: the log's own client, and nats-py.

    python benchmarks/nats_clients.py

CPU microseconds on asyncio's own loop; medians of three turns on one embedded broker. Both send
the same frame with the same fence, and take in the same stream without looking at it.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "libs"))

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig

from bursar.broker import EmbeddedBroker
from bursar.eventlog.following import follow_until
from bursar.eventlog.jetstream import JetStreamLog
from bursar.eventlog.log import Cursor, Record
from bursar.eventlog.nats_access import Access
from bursar.eventlog.stream import StreamId

TURNS = 3
APPENDS = 500
MESSAGES = 20_000
FRAME = bytes(400)
USAGE = StreamId("usage")


async def main() -> None:
    with tempfile.TemporaryDirectory() as data_dir:
        async with EmbeddedBroker.owning(Path(data_dir)) as broker:
            own = broker.credentials
            log = JetStreamLog(Access((broker.url,), user=own.user, password=own.password))
            client = await nats.connect(broker.url, **own.connect_options())
            await log.open(USAGE)
            appends = {
                "append, own client": lambda: _append(log),
                "append, nats-py": lambda: _append_with_nats_py(client, log),
            }
            for name, work in appends.items():
                print(f"{name:22} {await _cpu_us(work, APPENDS):8.1f} us")
            end = await _fill(log)
            follows = {
                "message, own client": lambda: _follow_to(log, end),
                "message, nats-py": lambda: _follow_with_nats_py(client, end),
            }
            for name, work in follows.items():
                print(f"{name:22} {await _cpu_us(work, end):8.1f} us")
            await client.close()
            await log.close()


async def _fill(log: JetStreamLog) -> int:
    """Puts more messages into the stream, and waits until they are there; how many it has then."""
    connection, had = await log.connection(), (await log.tail(USAGE)).sequence
    for _ in range(MESSAGES):
        connection.publish(USAGE.subject, FRAME)
    await _follow_to(log, had + MESSAGES)
    return had + MESSAGES


async def _cpu_us(work: Callable[[], Awaitable[None]], times: int) -> float:
    turns = []
    for _ in range(TURNS):
        began = time.process_time()
        await work()
        turns.append((time.process_time() - began) / times * 1e6)
    return statistics.median(turns)


async def _append(log: JetStreamLog) -> None:
    sequence = (await log.tail(USAGE)).sequence
    for _ in range(APPENDS):
        sequence = await log.append(USAGE, FRAME, sequence, 5.0)


async def _append_with_nats_py(client: Client, log: JetStreamLog) -> None:
    stream, sequence = client.jetstream(), (await log.tail(USAGE)).sequence
    for _ in range(APPENDS):
        headers = {"Nats-Expected-Last-Sequence": str(sequence)}
        acknowledged = await stream.publish(
            USAGE.subject, FRAME, timeout=5.0, stream=USAGE.jetstream_name, headers=headers
        )
        sequence = acknowledged.seq


async def _follow_to(log: JetStreamLog, end: int) -> None:
    enough = asyncio.Event()

    def receive(record: Record) -> None:
        if record.sequence == end:
            enough.set()

    await follow_until(log, Cursor(USAGE), receive, enough)


async def _follow_with_nats_py(client: Client, end: int) -> None:
    left, enough = end, asyncio.Event()

    async def receive(message: Msg) -> None:
        nonlocal left
        left -= 1
        if not left:
            enough.set()

    subscription = await client.jetstream().subscribe(
        USAGE.subject,
        stream=USAGE.jetstream_name,
        ordered_consumer=True,
        cb=receive,
        config=ConsumerConfig(ack_policy=AckPolicy.NONE, idle_heartbeat=0.5),
    )
    await enough.wait()
    await subscription.unsubscribe()


if __name__ == "__main__":
    asyncio.run(main())
