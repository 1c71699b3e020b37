"""What the executor's means of work cost: supervision, a linter's task, a long log, the model.

    .venv/bin/python benchmarks/means_of_work.py [--without-model]

Milliseconds are medians of so many runs; the model's figures are those its server reports.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "libs"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "services"))

import aiohttp
import psutil

from bursar_executor.local_model.model import LocalModel
from bursar_executor.local_model.settings import LocalModelSettings
from bursar_executor.logs.reading import read
from bursar_executor.subprocesses.command import CommandSpec
from bursar_executor.subprocesses.subprocesses import Subprocesses
from bursar_executor.tools.bench import Bench
from bursar_executor.tools.ruff_check import RUFF_CHECK
from bursar_executor.tools.tool import ToolSpec
from bursar_executor.working_copy.copy import working_copy

ROOT = Path(__file__).resolve().parent.parent
RUNS = 25
SAMPLES = ROOT / "samples"
LOG_BYTES = 10_000_000
PROMPT = " ".join(f"Item {number} costs {number * 7} cents." for number in range(60))


async def main() -> None:
    subprocesses = Subprocesses()
    try:
        await _supervision(subprocesses)
        await _tool(subprocesses, RUFF_CHECK)
        _log()
        if "--without-model" not in sys.argv:
            await _model(subprocesses)
    finally:
        subprocesses.close()


async def _supervision(subprocesses: Subprocesses) -> None:
    plain = CommandSpec(("true",), ROOT)
    isolated = CommandSpec(("true",), ROOT, cut_network=True)
    show("first command, spawner started", await _median_ms(1, lambda: subprocesses.run(plain)))
    show("bare subprocess", await _median_ms(RUNS, _bare))
    show("supervised", await _median_ms(RUNS, lambda: subprocesses.run(plain)))
    show("without a network", await _median_ms(RUNS, lambda: subprocesses.run(isolated)))


async def _bare() -> None:
    process = await asyncio.create_subprocess_exec("true", stdout=-1, stderr=-1)
    await process.communicate()


async def _tool(subprocesses: Subprocesses, tool: ToolSpec) -> None:
    bench = Bench(subprocesses)
    places = sorted(SAMPLES.glob("shop/*.py"))
    files = {str(place.relative_to(SAMPLES)): place.read_bytes() for place in places}

    async def task() -> None:
        with working_copy(files) as copy:
            await bench.run(tool, copy, SAMPLES)
            copy.changes()

    await task()
    show(f"{tool.name}: look, mend, look again", await _median_ms(RUNS, task))


def _log() -> None:
    text = (SAMPLES / "test-run.log").read_text(encoding="utf-8")
    for name, content in (("sample", text), ("10 MB", text * (LOG_BYTES // len(text) + 1))):
        started = time.perf_counter()
        read(content)
        show(f"log read, {name}", (time.perf_counter() - started) * 1e3)


async def _model(subprocesses: Subprocesses) -> None:
    model = LocalModel(LocalModelSettings(), subprocesses)
    started = time.perf_counter()
    async with model.endpoint() as endpoint, aiohttp.ClientSession() as session:
        show("model loaded", (time.perf_counter() - started) * 1e3)
        assert endpoint.api_key is not None
        body = {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 100}
        headers = {"authorization": f"Bearer {endpoint.api_key.reveal_text()}"}
        url = endpoint.base_url + "/v1/chat/completions"
        async with session.post(url, json=body, headers=headers) as response:
            timings = (await response.json())["timings"]
        show("prompt tokens", timings["prompt_per_second"], "a second")
        show("output tokens", timings["predicted_per_second"], "a second")
        below = psutil.Process().children(recursive=True)
        show("model's process", max(child.memory_info().rss for child in below) / 1e6, "MB")
    await model.close()


async def _median_ms(runs: int, work: Callable[[], Awaitable[object]]) -> float:
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - started) * 1e3)
    return statistics.median(taken)


def show(what: str, value: float, unit: str = "ms") -> None:
    print(f"{what:40}{value:10.1f} {unit}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
