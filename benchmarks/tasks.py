"""How fast whole tasks go: planned, looked up, rationed, done by a parser, settled, kept, audited.

    python benchmarks/tasks.py

All services and a broker of their own in one process, every write synced, no model call. Each task
is a small test log of its own, so none is answered from the cache. `task_p50_ms` is one after the
other, `tasks_per_s` with 32 at once; medians of three rounds.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

for folder in ("libs", "services"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

from bursar.client import Client  # noqa: E402
from bursar.wiring.loop import run_serving  # noqa: E402
from bursar_all.embedded import Bursar  # noqa: E402

ROUNDS = 3
WARM_UP_TASKS = 50
LATENCY_TASKS = 200
THROUGHPUT_TASKS = 600
AT_ONCE = 32
LOG = b"""\
============================= test session starts ==============================
collected 2 items

test_cart.py F.                                                          [100%%]

=================================== FAILURES ===================================
__________________________________ test_total __________________________________

    def test_total():
>       assert %(number)d == 2
E       assert %(number)d == 2

test_cart.py:2: AssertionError
=========================== short test summary info ============================
FAILED test_cart.py::test_total - assert %(number)d == 2
========================= 1 failed, 1 passed in 0.02s ==========================
"""


def measure() -> dict[str, float]:
    """Medians of three rounds."""
    logging.disable(logging.INFO)
    return run_serving(_measure())


async def _measure() -> dict[str, float]:
    numbers = count(3)
    latencies, rates = [], []
    with tempfile.TemporaryDirectory() as data_dir:
        async with Bursar.embedded(data_dir) as bursar:
            for _ in range(WARM_UP_TASKS):
                await _task(bursar, next(numbers))
            for _ in range(ROUNDS):
                latencies.append(await _p50_ms(bursar, numbers))
                rates.append(await _tasks_per_s(bursar, numbers))
    return {
        "task_p50_ms": statistics.median(latencies),
        "tasks_per_s": statistics.median(rates),
    }


async def _p50_ms(bursar: Client, numbers: count[int]) -> float:
    took_s = []
    for _ in range(LATENCY_TASKS):
        began_s = time.perf_counter()
        await _task(bursar, next(numbers))
        took_s.append(time.perf_counter() - began_s)
    return statistics.median(took_s) * 1000


async def _tasks_per_s(bursar: Client, numbers: count[int]) -> float:
    room = asyncio.Semaphore(AT_ONCE)

    async def one() -> None:
        async with room:
            await _task(bursar, next(numbers))

    began_s = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(THROUGHPUT_TASKS)))
    return THROUGHPUT_TASKS / (time.perf_counter() - began_s)


async def _task(bursar: Client, number: int) -> None:
    outcome = await bursar.run("why did this fail", {"-": LOG % {b"number": number}})
    if not outcome.is_completed or outcome.is_from_cache:
        raise SystemExit(f"a task ended otherwise than it should: {outcome}")


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:<16}{value:>10.2f}")
