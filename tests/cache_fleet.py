"""Replicas of the cache on one broker, all in this process, each with a log and gRPC of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bursar.clients.cache import RemoteCache
from bursar.eventlog.jetstream import JetStreamLog
from bursar.eventlog.leases import Leases
from bursar.eventlog.nats_access import Access
from bursar.rpc.calling import channel_to
from bursar.rpc.liveness import gone
from bursar.wiring.process import ProcessPlan, running
from bursar_cache.module import MODULE
from bursar_cache.service import CacheService
from memory_ground import memory_ground

WAIT_S = 20.0
LOOK_S = 0.05


@asynccontextmanager
async def cache_fleet(url: str, directory: Path, replicas: int) -> AsyncIterator[list[RemoteCache]]:
    """A client of each, once all know of each other. They share the keyring, as replicas do."""
    async with AsyncExitStack() as stack:
        fleet = [await stack.enter_async_context(_replica(url, directory)) for _ in range(replicas)]
        async with asyncio.timeout(WAIT_S):
            while any(service.replicas < replicas for service, _ in fleet):
                await _later()
        yield [cache for _, cache in fleet]


@asynccontextmanager
async def _replica(url: str, directory: Path) -> AsyncIterator[tuple[CacheService, RemoteCache]]:
    log = JetStreamLog(Access((url,)))
    try:
        ground = memory_ground(directory, log, leases=Leases(log.connection, gone))
        async with (
            running(ProcessPlan([MODULE]), ground) as process,
            channel_to(process.address) as channel,
        ):
            service = process.services["cache"]
            assert isinstance(service, CacheService)
            yield service, RemoteCache(channel)
    finally:
        await log.close()


async def _later() -> None:
    await asyncio.sleep(LOOK_S)
