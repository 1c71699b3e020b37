"""What a look-up costs the caller: in memory, on disk, and a miss.

    python benchmarks/cache.py

Entries of 4 KB; each look-up with its key checked and its event handed over. Medians of three runs,
each on a new directory.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from random import Random

for folder in ("libs", "services", "tests"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

import contract as bench  # noqa: E402

from bursar.cache.v1 import cache_pb2 as contract  # noqa: E402
from bursar.ledger.v1 import ledger_pb2  # noqa: E402
from bursar.wiring.module import Ground  # noqa: E402
from bursar_cache.service import CacheService  # noqa: E402
from bursar_cache.settings import CacheSettings  # noqa: E402
from memory_ground import memory_ground  # noqa: E402

RUNS = 3
ENTRIES = 2_000
ENTRY_BYTES = 4_096
LOOKUPS = 10_000
LOOKUPS_A_TURN = 20  # then the event loop has its turn, as between an edge's calls
ATTRIBUTION = ledger_pb2.Attribution(tenant_id="acme", call_id="call")


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
        await asyncio.gather(*(service.store(_store(number)) for number in range(ENTRIES)))
    hits = [_lookup(f"{number % ENTRIES}") for number in range(LOOKUPS)]
    figures[figure] = await _p50_us(service, hits)
    misses = [_lookup(f"absent {number}") for number in range(LOOKUPS)]
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


def _key(name: str) -> contract.Key:
    return contract.Key(exact_key=sha256(name.encode()).digest())


def _lookup(name: str) -> contract.LookupRequest:
    return contract.LookupRequest(attribution=ATTRIBUTION, key=_key(name))


def _store(number: int) -> contract.StoreRequest:
    words = Random(number)
    content = " ".join(f"{words.randrange(5_000)} of" for _ in range(ENTRY_BYTES // 7))
    entry = contract.Entry(
        content=content.encode(),
        content_kind="bench",
        usage=ledger_pb2.TokenUsage(input_tokens=900, output_tokens=200),
        cost=ledger_pb2.Cost(total_nano_usd=5_000_000, is_known=True),
        target=ledger_pb2.Target(provider="openai", model="gpt-4o"),
    )
    return contract.StoreRequest(
        attribution=ATTRIBUTION, key=_key(str(number)), entry=entry, is_complete=True
    )


if __name__ == "__main__":
    measured = measure()
    print(f"miss_p50_us (looked for in memory and on disk): {measured['miss_p50_us']:.1f}")
    sys.exit(0 if bench.write("cache", measured) else 1)
