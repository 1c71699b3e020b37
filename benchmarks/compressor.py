"""What compression saves by kind of text, how fast it is, and how long an event loop waits.

    python benchmarks/compressor.py [--data DIR] [--no-peers]

`--data` is a directory with the folders logs, tool, json, chats, code/py, code/ts, code/go, squad;
without it, `../shared/data/compress` beside the checkout. Counts are exact, by o200k_base. Speeds
are of one core, by its processor time. headroom-ai and repomix are measured too where they install,
each in an environment of its own below build/. Lag is how much later than asked a timer of 1 ms
fires while 10 MB are compressed.
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

import compressor_data  # noqa: E402
import compressor_peers  # noqa: E402
import compressor_texts  # noqa: E402
import contract as bench  # noqa: E402

from bursar.compressor.v1 import compressor_pb2 as contract  # noqa: E402
from bursar_compressor.service import CompressorService  # noqa: E402
from bursar_compressor.settings import CompressorSettings  # noqa: E402
from memory_ground import memory_ground  # noqa: E402

DEFAULT_DATA = bench.ROOT.parent / "shared" / "data" / "compress"
LAG_TEXT_BYTES = 10_000_000
WORDS = ["quota", "cache", "ledger", "broker", "token", "request", "answered", "failed", "in", "of"]


def made_log(lines: int) -> str:
    """A log of that many lines, each about 80 bytes."""
    chance = Random(1)
    return "\n".join(
        f"2026-07-01 12:{number // 60 % 60:02}:{number % 60:02} INFO "
        + " ".join(chance.choices(WORDS, k=8))
        for number in range(lines)
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
        request = contract.CompressRequest(
            content=text, model=compressor_data.MODEL, target_tokens=2_000
        )
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


def main() -> bool:
    """Whether every figure is met."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=DEFAULT_DATA)
    arguments.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    given = arguments.parse_args()
    figures: dict[str, float] = {}
    if given.data.is_dir():
        figures |= compressor_data.figures(given.data)
        figures |= compressor_texts.figures(given.data)
    else:
        print(f"no directory {given.data}: only the lag is measured")
    if given.peers and given.data.is_dir():
        compressor_peers.show(given.data)
    figures["loop_lag_p99_ms"] = bench.median_of(3, lambda: asyncio.run(lag_p99_ms()))
    return bench.write("compressor", figures)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
