"""What the executor adds to a task, and what is left of one after kill -9.

    python benchmarks/executor.py            # everything
    python benchmarks/executor.py saga       # one of saga, lint, chaos

Saga: a model that answers at once stands in for a provider, in one process with quota, planner,
cache and compressor and a broker of its own that syncs every write. Each task is planned,
reserved, dispatched, answered, settled and ended; the cache is left out. `overhead_p50_ms` is one
after the other, `tasks_per_s` with 32 at once; medians of three rounds.

Lint: one Python file, another one each time, through the whole path, warm.

Chaos: 200 tasks ask the simulated provider, 30 times the instance or its broker is killed.
`resume_s` is the longest time from the start of a process to the moment it has taken up all.
"""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for folder in ("tests", "services", "libs"):
    sys.path.insert(0, str(ROOT / folder))

import contract  # noqa: E402
from at_once import AtOnce, modules_with_an_instant_model  # noqa: E402

from bursar.client import Client  # noqa: E402
from bursar.executor.v1 import executor_pb2  # noqa: E402
from bursar.planner.v1 import planner_pb2  # noqa: E402
from bursar.wiring.loop import run_serving  # noqa: E402
from bursar.wiring.run import hosting  # noqa: E402
from bursar.wiring.settings import ProcessSettings  # noqa: E402
from bursar_all.embedded import Bursar  # noqa: E402
from executor_chaos import Storm, weather  # noqa: E402

ROUNDS = 3
WARM_UP_TASKS = 50
LATENCY_TASKS = 200
THROUGHPUT_TASKS = 600
IN_FLIGHT = 32
LINT_TASKS = 20
NO_STEPS = (1 << 63) - 1
STORM = Storm(tasks=200, kills=30, seed=1)
FAULTY = (
    "import os\nimport sys\n\nNUMBER = {number}\n\n\ndef main() -> None:\n    print(sys.argv)\n"
)

One = Callable[[int], Awaitable[None]]


def measure_saga() -> dict[str, float]:
    """Medians of three rounds."""
    return run_serving(_saga())


async def _saga() -> dict[str, float]:
    numbers = count()
    latencies, rates = [], []
    async with _executor() as executor:

        async def one(number: int) -> None:
            task = planner_pb2.Task(
                description=f"Tell me of {number}", requested_model=AtOnce.MODEL
            )
            request = executor_pb2.SubmitRequest(task=task, is_cache_bypassed=True)
            task_id = (await executor.submit(request)).task_id
            watch = executor_pb2.WatchRequest(task_id=task_id, after_step_number=NO_STEPS)
            async for update in executor.watch(watch):
                if update.result.state != executor_pb2.TASK_STATE_COMPLETED:
                    raise SystemExit(f"a task ended otherwise than it should: {update.result}")

        for _ in range(WARM_UP_TASKS):
            await one(next(numbers))
        for _ in range(ROUNDS):
            latencies.append(await _p50_ms(one, numbers, LATENCY_TASKS))
            rates.append(await _per_s(one, numbers))
    return {
        "tasks_per_s": statistics.median(rates),
        "overhead_p50_ms": statistics.median(latencies),
    }


@asynccontextmanager
async def _executor() -> AsyncIterator[object]:
    with tempfile.TemporaryDirectory() as data_dir:
        settings = ProcessSettings.load(data_dir=Path(data_dir))
        async with hosting(settings, modules_with_an_instant_model()) as hosted:
            yield hosted.process.peers.client("executor")


async def _p50_ms(one: One, numbers: count[int], tasks: int) -> float:
    took_s = []
    for _ in range(tasks):
        began_s = time.perf_counter()
        await one(next(numbers))
        took_s.append(time.perf_counter() - began_s)
    return statistics.median(took_s) * 1000


async def _per_s(one: One, numbers: count[int]) -> float:
    room = asyncio.Semaphore(IN_FLIGHT)

    async def within() -> None:
        async with room:
            await one(next(numbers))

    began_s = time.perf_counter()
    await asyncio.gather(*(within() for _ in range(THROUGHPUT_TASKS)))
    return THROUGHPUT_TASKS / (time.perf_counter() - began_s)


def measure_lint() -> dict[str, float]:
    """The median of 20 tasks after 3."""
    return run_serving(_lint())


async def _lint() -> dict[str, float]:
    numbers = count()
    with tempfile.TemporaryDirectory() as data_dir:
        async with Bursar.embedded(data_dir) as bursar:

            async def one(number: int) -> None:
                await _linted(bursar, number)

            await _p50_ms(one, numbers, 3)
            return {"lint_task_ms": await _p50_ms(one, numbers, LINT_TASKS)}


async def _linted(bursar: Client, number: int) -> None:
    files = {"a.py": FAULTY.format(number=number).encode()}
    outcome = await bursar.run("lint", files, needs=["linting"])
    if not outcome.is_completed or not outcome.changed_files or outcome.is_from_cache:
        raise SystemExit(f"a task ended otherwise than it should: {outcome}")


def measure_chaos() -> dict[str, float]:
    """One storm."""
    with tempfile.TemporaryDirectory() as root:
        aftermath = asyncio.run(weather(STORM, Path(root)))
    ends = aftermath.ends_by_task.values()
    if set(ends) != {1} or len(ends) != STORM.tasks or aftermath.told != aftermath.served:
        raise SystemExit(f"the ledger does not hold: {aftermath}")
    print(
        f"{aftermath.kills_in_a_call} of {STORM.kills} kills in a call;"
        f" {aftermath.intents} intents, {aftermath.paid_calls} calls; {dict(aftermath.states)}"
    )
    return {
        "resume_s": max(aftermath.resumed_s),
        "calls_beyond_intents": aftermath.calls_beyond_intents,
        "orphans": aftermath.orphans,
    }


MEASURES = {"saga": measure_saga, "lint": measure_lint, "chaos": measure_chaos}


def main() -> None:
    """Measures what is named, or everything."""
    logging.disable(logging.INFO)
    os.environ.setdefault("BURSAR_EXECUTOR_LOCAL_SERVERS", "{}")
    figures: dict[str, float] = {}
    for name in sys.argv[1:] or MEASURES:
        figures |= MEASURES[name]()
    sys.exit(0 if contract.write("executor", figures) else 1)


if __name__ == "__main__":
    main()
