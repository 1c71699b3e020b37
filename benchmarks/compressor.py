"""How fast texts are compressed, and how long the event loop waits meanwhile.

    python benchmarks/compressor.py [--data DIR]

`--data` is a directory of files to compress; without it, texts made here. Counts are exact, by
o200k_base. Lag is how much later than asked a timer of 1 ms fires while 10 MB are compressed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from random import Random

for folder in ("libs", "services", "tests"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

import contract as bench  # noqa: E402

from bursar.compressor.v1 import compressor_pb2 as contract  # noqa: E402
from bursar_compressor import work  # noqa: E402
from bursar_compressor.domain import Level, Order  # noqa: E402
from bursar_compressor.service import CompressorService  # noqa: E402
from bursar_compressor.settings import CompressorSettings  # noqa: E402
from memory_ground import memory_ground  # noqa: E402

MODEL = "gpt-4o"
LAG_TEXT_BYTES = 10_000_000
TARGET_PCT = 10
REFERENCE = f"blob_{'0' * 64}"
WORDS = ["quota", "cache", "ledger", "broker", "token", "request", "answered", "failed", "in", "of"]


def made_log(lines: int) -> str:
    """A log of that many lines, each about 80 bytes."""
    chance = Random(1)
    return "\n".join(
        f"2026-07-01 12:{number // 60 % 60:02}:{number % 60:02} INFO "
        + " ".join(chance.choices(WORDS, k=8))
        for number in range(lines)
    )


def texts(directory: Path | None) -> dict[str, str]:
    """What is compressed, by name."""
    if directory is None:
        return {"a log made here": made_log(5_000)}
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {
        str(path.relative_to(directory)): path.read_text(encoding="utf-8", errors="replace")
        for path in files
    }


def show_methods(directory: Path | None) -> None:
    """One line a text: what plain saves, and what truncation to a tenth keeps to."""
    work.count("loads the vocabulary", MODEL)
    print(f"{'text':<46}{'kind':<7}{'tokens':>9}{'plain':>8}{'MB/s':>7}{'10 %':>9}{'MB/s':>7}")
    for name, text in texts(directory).items():
        began_s = time.perf_counter()
        plain = work.by_plain_methods(Order(text), MODEL).compressed
        plain_s = time.perf_counter() - began_s
        target_tokens = max(200, plain.tokens_before * TARGET_PCT // 100)
        order = Order(text, level=Level.SAFE, target_tokens=target_tokens)
        began_s = time.perf_counter()
        short_tokens = plain.tokens_after
        if plain.tokens_after > target_tokens:
            short_tokens = work.to_target(order, MODEL, REFERENCE).compressed.tokens_after
        short_s = time.perf_counter() - began_s
        saved_pct = 100 - 100 * plain.tokens_after / max(1, plain.tokens_before)
        size_mb = len(text) / 1e6
        print(
            f"{name[-45:]:<46}{plain.kind.value:<7}{plain.tokens_before:>9}{saved_pct:>7.1f}%"
            f"{size_mb / plain_s:>7.1f}{short_tokens:>9}{size_mb / short_s:>7.1f}"
        )


async def lag_p99_ms() -> float:
    """Of a timer, while a log of 10 MB is brought down to 2,000 tokens in another process."""
    with tempfile.TemporaryDirectory() as data_dir:
        service = CompressorService(memory_ground(Path(data_dir)), CompressorSettings.load())
        run = asyncio.ensure_future(service.run())
        await service.ready()
        text = made_log(LAG_TEXT_BYTES // 80)[:LAG_TEXT_BYTES]
        lags_s: list[float] = []
        ticks = asyncio.ensure_future(_ticking(lags_s))
        request = contract.CompressRequest(content=text, model=MODEL, target_tokens=2_000)
        await service.compress(request)
        ticks.cancel()
        await service.drain()
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
    return statistics.quantiles(lags_s, n=100)[98] * 1_000


async def _ticking(lags_s: list[float]) -> None:
    while True:
        began_s = time.perf_counter()
        await asyncio.sleep(0.001)
        lags_s.append(time.perf_counter() - began_s - 0.001)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path)
    show_methods(arguments.parse_args().data)
    lag_ms = bench.median_of(3, lambda: asyncio.run(lag_p99_ms()))
    sys.exit(0 if bench.write("compressor", {"loop_lag_p99_ms": lag_ms}) else 1)
