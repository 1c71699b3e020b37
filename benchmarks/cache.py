"""What a look-up costs the caller: in memory, on disk, over gRPC, and a miss; and a large cache.

    python benchmarks/cache.py

Entries of 4 KB; each look-up with its key checked and its event handed over. Medians of three runs,
each on a new directory. See also cache_grpc.py and cache_large.py, which this runs.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

for folder in ("libs", "services", "tests"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

import cache_grpc  # noqa: E402
import cache_large  # noqa: E402
import contract as bench  # noqa: E402
from cache_load import lookup_of, store_of  # noqa: E402

from bursar.cache.v1 import cache_pb2 as contract  # noqa: E402
from bursar.wiring.module import Ground  # noqa: E402
from bursar_cache.service import CacheService  # noqa: E402
from bursar_cache.settings import CacheSettings  # noqa: E402
from memory_ground import memory_ground  # noqa: E402

RUNS = 3
ENTRIES = 2_000
LOOKUPS = 10_000
LOOKUPS_A_TURN = 20  # then the event loop has its turn, as between an edge's calls


def measure() -> dict[str, float]:
    """Medians, by figure."""
    runs = [asyncio.run(_measure()) for _ in range(RUNS)]
    return {figure: statistics.median(run[figure] for run in runs) for figure in runs[0]}


async def _measure() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as data_dir:
        ground = memory_ground(Path(data_dir))
        figures: dict[str, float] = {}
        async with asyncio.timeout(120):
            await _on(ground, {}, "memory_hit_p50_us", figures)
            # Nothing is promoted to a memory without room, so each look-up reads the disk.
            await _on(ground, {"memory_bytes_max": 0}, "disk_hit_p50_us", figures)
        return figures


async def _on(
    ground: Ground, settings: dict[str, int], figure: str, figures: dict[str, float]
) -> None:
    service = CacheService(ground, CacheSettings.load(disk_free_pct_min=0, **settings))
    run = asyncio.ensure_future(service.run())
    await service.ready()
    if not settings:
        await asyncio.gather(*(service.store(store_of(number)) for number in range(ENTRIES)))
    hits = [lookup_of(f"{number % ENTRIES}") for number in range(LOOKUPS)]
    figures[figure] = await _p50_us(service, hits)
    misses = [lookup_of(f"absent {number}") for number in range(LOOKUPS)]
    figures["miss_p50_us"] = await _p50_us(service, misses)
    await service.drain()
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)


async def _p50_us(service: CacheService, requests: Sequence[contract.LookupRequest]) -> float:
    took_ns = []
    for number, request in enumerate(requests):
        began_ns = time.perf_counter_ns()
        await service.lookup(request)
        took_ns.append(time.perf_counter_ns() - began_ns)
        if number % LOOKUPS_A_TURN == 0:
            await asyncio.sleep(0)
    return statistics.median(took_ns) / 1_000


if __name__ == "__main__":
    measured = measure() | cache_grpc.measure() | cache_large.measure()
    print(f"miss_p50_us (looked for in memory and on disk): {measured['miss_p50_us']:.1f}")
    sys.exit(0 if bench.write("cache", measured) else 1)
