"""A large cache: the memory that 100,000 answers of 4 KB take, and how soon a restart has them.

    python benchmarks/cache_large.py

Each step in a process of its own, on one directory: it is filled, then started again three times.
Memory is what the process holds more than before it was filled. A restart is timed from the start
of its services, with its programs loaded, to the first answer from disk; its log holds a miss and a
store of each entry.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in ("libs", "services", "tests"):
    sys.path.insert(0, str(HERE.parent / folder))
sys.path.insert(0, str(HERE))

from cache_load import lookup_of, store_of  # noqa: E402

RESTARTS = 3
ENTRIES = 100_000
AT_ONCE = 200


def measure() -> dict[str, float]:
    """`memory_100k_mb` of one filling, `warm_restart_s` the median of three."""
    with tempfile.TemporaryDirectory() as place:
        held_mb = _told("fill", place)
        restarts = [_told("restart", place) for _ in range(RESTARTS)]
    return {"memory_100k_mb": held_mb, "warm_restart_s": statistics.median(restarts)}


def _told(role: str, place: str) -> float:
    settings = {
        "BURSAR_DATA_DIR": place,
        "BURSAR_LOG_LEVEL": "WARNING",
        "BURSAR_CACHE_MEMORY_BYTES_MAX": str(1024**3),
        "BURSAR_CACHE_DISK_FREE_PCT_MIN": "0",
    }
    command = [sys.executable, str(HERE / "cache_large.py"), role]
    told = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, **settings}
    )
    return float(told.stdout.splitlines()[-1])


async def _run(role: str) -> None:
    from bursar.wiring.run import hosting
    from bursar.wiring.settings import ProcessSettings
    from bursar_cache.module import MODULE

    began_s = time.perf_counter()
    async with hosting(ProcessSettings.load(), [MODULE]) as hosted:
        cache = hosted.process.peers.client("cache")
        if role == "fill":
            print(await _held_mb(cache))
            return
        found = await cache.lookup(lookup_of("7"))
        restart_s = time.perf_counter() - began_s
        assert found.is_hit
        print(restart_s)


async def _held_mb(cache) -> float:
    import psutil

    process = psutil.Process()
    gc.collect()
    before_bytes = process.memory_info().rss
    for first in range(0, ENTRIES, AT_ONCE):
        numbers = range(first, first + AT_ONCE)
        for number in numbers:
            await cache.lookup(lookup_of(str(number)))
        await asyncio.gather(*(cache.store(store_of(number)) for number in numbers))
    gc.collect()
    assert (await cache.lookup(lookup_of("0"))).is_hit
    return (process.memory_info().rss - before_bytes) / 1e6


def main() -> None:
    import uvloop

    if len(sys.argv) == 2:
        uvloop.run(_run(sys.argv[1]))
        return
    for name, value in measure().items():
        print(f"{name:24} {value:10.3f}")


if __name__ == "__main__":
    main()
