"""Exact hits over gRPC: a cache in a process of its own, callers in this one.

    python benchmarks/cache_grpc.py

16 look-ups in flight: each as a call of its own, and then coalesced into the messages of one
stream.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in ("libs", "services", "tests"):
    sys.path.insert(0, str(HERE.parent / folder))
sys.path.insert(0, str(HERE))

from cache_load import lookup_of, store_of  # noqa: E402

from bursar.cache.v1 import cache_pb2 as contract  # noqa: E402
from bursar.clients.cache import RemoteCache  # noqa: E402
from bursar.rpc.calling import channel_to  # noqa: E402

ROUNDS = 3
ROUND_S = 2.0
WARM_UP_S = 0.5
IN_FLIGHT = 16
ENTRIES = 200


def measure() -> dict[str, float]:
    """Medians of three rounds, after one to warm up."""
    import uvloop

    command = [sys.executable, str(HERE / "cache_grpc.py"), "serve"]
    with tempfile.TemporaryDirectory() as place:
        process = subprocess.Popen([*command, place], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            return uvloop.run(_measured(process.stdout.readline().strip()))
        finally:
            process.kill()
            process.wait()


async def _measured(address: str) -> dict[str, float]:
    async with channel_to(address) as channel:
        cache = RemoteCache(channel)
        await asyncio.gather(*(cache.store(store_of(number)) for number in range(ENTRIES)))
        await _unary(cache, WARM_UP_S)
        unary = [await _unary(cache, ROUND_S) for _ in range(ROUNDS)]
        streamed = [await _streamed(cache, ROUND_S) for _ in range(ROUNDS)]
    return {
        "grpc_unary_hits_per_s": statistics.median(rate for rate, _ in unary),
        "grpc_unary_p50_ms": statistics.median(p50_ms for _, p50_ms in unary),
        "grpc_stream_hits_per_s": statistics.median(streamed),
    }


async def _unary(cache: RemoteCache, seconds: float) -> tuple[float, float]:
    """Hits a second, and the median wait of one in ms."""
    waits_s: list[float] = []
    began_s = time.perf_counter()

    async def ask(first: int) -> None:
        number = first
        while time.perf_counter() - began_s < seconds:
            number += IN_FLIGHT
            sent_s = time.perf_counter()
            answer = await cache.lookup(lookup_of(str(number % ENTRIES)))
            waits_s.append(time.perf_counter() - sent_s)
            assert answer.is_hit

    await asyncio.gather(*(ask(first) for first in range(IN_FLIGHT)))
    return len(waits_s) / (time.perf_counter() - began_s), statistics.median(waits_s) * 1000


async def _streamed(cache: RemoteCache, seconds: float) -> float:
    """Hits a second."""
    began_s, hits = time.perf_counter(), 0
    is_answered = asyncio.Event()
    is_answered.set()

    async def messages() -> AsyncIterator[contract.LookupManyRequest]:
        number = 0
        while time.perf_counter() - began_s < seconds:
            await is_answered.wait()
            is_answered.clear()
            number += IN_FLIGHT
            lookups = [lookup_of(str((number + each) % ENTRIES)) for each in range(IN_FLIGHT)]
            yield contract.LookupManyRequest(lookups=lookups)

    async for answer in cache.lookup_many(messages()):
        is_answered.set()
        hits += sum(each.is_hit for each in answer.answers)
    return hits / (time.perf_counter() - began_s)


async def _serve(place: str) -> None:
    from bursar.wiring.process import ProcessPlan, running
    from bursar_cache.module import MODULE
    from memory_ground import memory_ground

    async with running(ProcessPlan([MODULE]), memory_ground(Path(place))) as process:
        print(process.address, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    import uvloop

    if "serve" in sys.argv:
        uvloop.run(_serve(sys.argv[-1]))
        return
    for name, value in measure().items():
        print(f"{name:24} {value:10.3f}")


if __name__ == "__main__":
    main()
