"""What reports cost over ten million events, and how soon an event is seen.

    python benchmarks/efficiency.py

In a process of its own, for its memory. Ten million calls over 90 days of 100,000 users, of whom
few make most calls, in sealed segments; then a log that goes on from there.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

for folder in ("libs", "services"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

import contract  # noqa: E402
import psutil  # noqa: E402
from efficiency_events import (  # noqa: E402
    BEGAN_NS,
    DAYS,
    GROUPS,
    causes_error_nano_usd,
    filled_batch,
    settled_events,
)

from bursar.efficiency.v1 import efficiency_pb2  # noqa: E402
from bursar.eventlog.chain import DecidedChain  # noqa: E402
from bursar.eventlog.frame import FrameKind, Heading, encode  # noqa: E402
from bursar.eventlog.log import Cursor  # noqa: E402
from bursar.eventlog.memory import MemoryLog  # noqa: E402
from bursar.eventlog.stream import StreamId, signed_streams  # noqa: E402
from bursar_efficiency.books import SEGMENT_ROWS  # noqa: E402
from bursar_efficiency.question import By, Dimension, Question  # noqa: E402
from bursar_efficiency.schema import DAY_NS  # noqa: E402
from bursar_efficiency.service import EfficiencyService  # noqa: E402
from bursar_efficiency.store import Store  # noqa: E402

EVENTS = int(os.environ.get("BURSAR_BENCH_EVENTS", "10000000"))
FOLDED = 200_000
WATCHED = 100
RUNS = 5
TIMEOUT_S = 10.0
FRAME_EVENTS = 100
GROUPS_ANSWERED = 1_000
USAGE = StreamId("usage")
MB = 1_000_000
QUESTIONS = (
    Question(),
    Question(dimensions=(Dimension(By.TENANT),)),
    Question(dimensions=(Dimension(By.TEAM), Dimension(By.MODEL))),
    Question(dimensions=(Dimension(By.USER),)),
    Question(dimensions=(Dimension(By.DAY),)),
    Question(dimensions=(Dimension(By.LABEL, "project"), Dimension(By.TIER))),
    # A period that begins and ends within a day.
    Question(
        since_ns=BEGAN_NS + 9 * DAY_NS + 7,
        until_ns=BEGAN_NS + 70 * DAY_NS + 9,
        dimensions=(Dimension(By.TEAM), Dimension(By.MODEL)),
    ),
)


def figures() -> dict[str, float]:
    """Measured in a child."""
    done = subprocess.run(
        [sys.executable, __file__, "child"], stdout=subprocess.PIPE, check=True, text=True
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory:
        _fill(Path(directory))
        before_bytes = psutil.Process().memory_info().rss
        measured = _store_figures(Path(directory))
        measured |= asyncio.run(_service_figures(Path(directory)))
        grown_bytes = psutil.Process().memory_info().rss - before_bytes
    measured["memory_mb"] = max(grown_bytes, psutil.Process().memory_info().rss) / MB
    measured["frames_events_per_s"] = asyncio.run(_frames_events_per_s())
    measured["causes_sum_error_nano_usd"] = causes_error_nano_usd(random.Random(1))
    return measured


def _fill(directory: Path) -> None:
    """A store of so many events, segment by segment."""
    store, noise = Store(directory), random.Random(1)
    for first in range(0, EVENTS, SEGMENT_ROWS):
        store.add(filled_batch(noise, range(first, min(EVENTS, first + SEGMENT_ROWS)), EVENTS))
        store.seal({})
    store.close()


def _store_figures(directory: Path) -> dict[str, float]:
    store = Store(directory)
    began_s = time.process_time()
    store.dearest(Question(dimensions=(Dimension(By.TEAM), Dimension(By.HOUR))), GROUPS_ANSWERED)
    scanned_s = time.process_time() - began_s
    slowest_ms = max(_report_ms(store, question) for question in QUESTIONS)
    by_task = Question(dimensions=(Dimension(By.TASK),))
    by_task_ms = _report_ms(store, by_task, runs=1)
    store.close()
    return {
        # From the columns of every single event, none of it summed before; of one core's time.
        "segments_events_per_s": EVENTS / scanned_s,
        "report_10m_ms": slowest_ms,
        "report_by_every_task_ms": by_task_ms,
    }


def _report_ms(store: Store, question: Question, runs: int = RUNS) -> float:
    """The median of a warm one."""
    spent: list[float] = []
    for _ in range(runs + 1):
        began_s = time.perf_counter()
        if question.dimensions:
            store.dearest(question, GROUPS_ANSWERED)
        store.totals(question.ungrouped, "rows")
        store.totals(question.ungrouped, "saved")
        spent.append((time.perf_counter() - began_s) * 1_000)
    return statistics.median(spent[1:])


async def _service_figures(directory: Path) -> dict[str, float]:
    """A log that has nothing yet, before the ten million."""
    log = await _opened_log()
    async with _running(log, directory) as service:
        seen_ms = await _watched_ms(log, service)
        request = efficiency_pb2.AuditRequest(task_id="task_of_the_log_7")
        spent: list[float] = []
        for _ in range(RUNS):
            began_s = time.perf_counter()
            await service.audit(request)
            spent.append((time.perf_counter() - began_s) * 1_000)
    return {
        "watch_p99_ms": statistics.quantiles(seen_ms, n=100)[-1],
        "audit_task_ms": statistics.median(spent),
    }


async def _watched_ms(log: MemoryLog, service: EfficiencyService) -> list[float]:
    """From the append of an event to the report that has it, for a watcher of all by model."""
    request = efficiency_pb2.WatchRequest(group_by=[efficiency_pb2.DIMENSION_MODEL])
    watching = service.watch(request)
    calls = (await anext(watching)).report.totals.calls_made
    chain, spent = DecidedChain(Cursor(USAGE)), []
    noise = random.Random(2)
    for number in range(WATCHED):
        await asyncio.sleep(noise.random() * 0.3)
        began_s = time.perf_counter()
        await _append(log, chain, settled_events(1, task_prefix=f"task_of_the_log_{number % 10}"))
        calls += 1
        while (await anext(watching)).report.totals.calls_made < calls:
            pass
        spent.append((time.perf_counter() - began_s) * 1_000)
    await watching.aclose()
    return spent


async def _frames_events_per_s() -> float:
    """A cold replay: frames decoded, events folded, rows in their columns; of one core's time."""
    log, chain = await _opened_log(), DecidedChain(Cursor(USAGE))
    events = settled_events(FOLDED)
    for first in range(0, FOLDED, FRAME_EVENTS):
        await _append(log, chain, events[first : first + FRAME_EVENTS])
    began_s = time.process_time()
    async with _running(log, None) as service:
        await service.report(efficiency_pb2.ReportRequest())
    return FOLDED / (time.process_time() - began_s)


async def _opened_log() -> MemoryLog:
    log = MemoryLog()
    for stream in signed_streams(1):
        await log.open(stream)
    return log


@asynccontextmanager
async def _running(log: MemoryLog, directory: Path | None) -> AsyncIterator[EfficiencyService]:
    service = EfficiencyService(log, directory=directory)
    task = asyncio.create_task(service.run())
    await service.ready()
    try:
        yield service
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _append(log: MemoryLog, chain: DecidedChain, events: Sequence[bytes]) -> None:
    heading = Heading(
        kind=FrameKind.EVENTS,
        stream=USAGE,
        writer_id=bytes(16),
        writer_epoch=0,
        writer_sequence=chain.sequence + 1,
        attempt_id=bytes(16),
        first_event_number=chain.next_event_number,
        written_at_ns=0,
        previous_hash=chain.frame_hash,
    )
    frame = encode(heading, events)
    chain.advance(await log.append(USAGE, frame, chain.sequence, TIMEOUT_S), frame)


if __name__ == "__main__":
    if sys.argv[1:] == ["child"]:
        print(json.dumps(measure()))
    else:
        print(f"{EVENTS:,} events over {DAYS} days, {GROUPS:,} groups")
        sys.exit(not contract.write("efficiency", figures()))
