"""A cache service for tests, running on a ground of its own."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bursar.cache.v1 import cache_pb2 as contract
from bursar_cache.service import CacheService
from bursar_cache.settings import CacheSettings
from memory_ground import memory_ground


@dataclass
class Clock:
    now_ns: int = 1_782_900_000 * 10**9

    def __call__(self) -> int:
        return self.now_ns


@asynccontextmanager
async def running(data_dir, log=None, clock=None, **settings):
    data_dir.mkdir(exist_ok=True)
    ground = memory_ground(data_dir, log, clock or Clock())
    settings = {"disk_free_pct_min": 0, **settings}
    service = CacheService(ground, CacheSettings.load(**settings))
    run = asyncio.ensure_future(service.run())
    try:
        await service.ready()
        yield service
        await service.drain()
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


async def invalidated(service, **selection):
    request = contract.InvalidateRequest(tenant_id="acme", reason="tests", **selection)
    return (await service.invalidate(request)).invalidated_entries
