"""How fast the event log appends and is followed, on a real broker that syncs every write.

    python benchmarks/eventlog.py

The embedded broker runs in a temporary directory, with every write synced.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

for folder in ("libs", "services"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

import uvloop  # noqa: E402

from bursar.broker import EmbeddedBroker  # noqa: E402
from bursar.eventlog.chain import DecidedChain  # noqa: E402
from bursar.eventlog.following import follow_until  # noqa: E402
from bursar.eventlog.frame import FrameKind, Heading, encode  # noqa: E402
from bursar.eventlog.jetstream import JetStreamLog, JetStreamTerms  # noqa: E402
from bursar.eventlog.log import Cursor, Record  # noqa: E402
from bursar.eventlog.nats_access import Access  # noqa: E402
from bursar.eventlog.stream import StreamId  # noqa: E402

RUNS = 3
APPENDED_FRAMES = 400
FRAME_EVENTS = 100
EVENT_BYTES = 200
FOLLOWED_FRAMES = 50_000
SMALL_EVENT_BYTES = 60
TIMEOUT_S = 10.0


def measure() -> dict[str, float]:
    """Medians of three runs."""
    return uvloop.run(_measure())


async def _measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as data_dir:
        async with EmbeddedBroker.owning(Path(data_dir)) as broker:
            own = broker.credentials
            access = Access((broker.url,), user=own.user, password=own.password)
            log = JetStreamLog(access, JetStreamTerms(partitions={"usage": RUNS}))
            return await _measure_on(log)


async def _measure_on(log: JetStreamLog) -> dict[str, float]:
    tasks = StreamId("tasks")
    try:
        appended = [await _append(log, StreamId("usage", number)) for number in range(RUNS)]
        await _fill(log, tasks)
        chained = [await _follow(log, tasks, "accept_header") for _ in range(RUNS)]
        decoded = [await _follow(log, tasks, "accept") for _ in range(RUNS)]
    finally:
        await log.close()
    return {
        "append_frames_events_per_s": statistics.median(appended),
        "follow_messages_per_s": statistics.median(chained),
        "follow_and_decode_messages_per_s": statistics.median(decoded),
    }


async def _append(log: JetStreamLog, stream: StreamId) -> float:
    """Events a second in frames of 100: encoded, fenced, chained, durable, one in flight."""
    await log.open(stream)
    chain = DecidedChain(Cursor(stream))
    events = [bytes(EVENT_BYTES)] * FRAME_EVENTS
    began = time.perf_counter()
    for _ in range(APPENDED_FRAMES):
        frame = encode(_heading(chain), events)
        chain.advance(await log.append(stream, frame, chain.sequence, TIMEOUT_S), frame)
    return APPENDED_FRAMES * FRAME_EVENTS / (time.perf_counter() - began)


async def _fill(log: JetStreamLog, stream: StreamId) -> None:
    """Without waiting for each answer, which is not what is measured."""
    await log.open(stream)
    chain, connection = DecidedChain(Cursor(stream)), await log.connection()
    for _ in range(FOLLOWED_FRAMES):
        frame = encode(_heading(chain), [bytes(SMALL_EVENT_BYTES)])
        chain.advance(chain.sequence + 1, frame)
        connection.publish(stream.subject, frame)
    await _follow(log, stream, "accept_header")


def _heading(chain: DecidedChain) -> Heading:
    return Heading(
        kind=FrameKind.EVENTS,
        stream=chain.stream,
        writer_id=bytes(16),
        writer_epoch=0,
        writer_sequence=chain.sequence + 1,
        attempt_id=bytes(16),
        first_event_number=chain.next_event_number,
        written_at_ns=0,
        previous_hash=chain.frame_hash,
    )


async def _follow(log: JetStreamLog, stream: StreamId, check: str) -> float:
    """Frames of one small event a second; `check` is the chain's method that each goes through."""
    accept, enough = getattr(DecidedChain(Cursor(stream)), check), asyncio.Event()

    def receive(record: Record) -> None:
        accept(record)
        if record.sequence == FOLLOWED_FRAMES:
            enough.set()

    began = time.perf_counter()
    await follow_until(log, Cursor(stream), receive, enough)
    return FOLLOWED_FRAMES / (time.perf_counter() - began)


def main() -> None:
    for name, value in measure().items():
        print(f"{name:36} {value:12,.0f}")


if __name__ == "__main__":
    main()
