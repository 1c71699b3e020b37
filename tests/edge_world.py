"""An edge with real quota and cache behind it and the simulated provider before it, in one loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bursar.eventlog.frame import decode
from bursar.eventlog.log import Cursor, EventLog, Record
from bursar.eventlog.stream import StreamId
from bursar.events.v1 import event_pb2, usage_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar.wiring.module import Ground
from bursar.wiring.settings import ProcessSettings
from bursar_cache.service import CacheService
from bursar_cache.settings import CacheSettings
from bursar_compressor.service import CompressorService
from bursar_compressor.settings import CompressorSettings
from bursar_edge.service import EdgeService
from bursar_edge.settings import EdgeSettings
from bursar_quota.service import QuotaService, Surroundings
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider
from memory_ground import memory_ground

USAGE = StreamId("usage")
WAIT_S = 20.0
_KINDS = {
    "usage.reserved": usage_pb2.Reserved,
    "usage.settled": usage_pb2.Settled,
    "usage.denied": usage_pb2.Denied,
    "usage.expired": usage_pb2.Expired,
}


@dataclass
class Ledger:
    """Every event of `usage` as it becomes durable."""

    log: EventLog
    envelopes: list[event_pb2.Event] = field(default_factory=list)
    settled: list[usage_pb2.Settled] = field(default_factory=list)
    reserved: list[usage_pb2.Reserved] = field(default_factory=list)
    denied: list[usage_pb2.Denied] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _fresh: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self) -> None:
        await self.log.follow(Cursor(USAGE), self._receive)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Returns once it is so; fails after WAIT_S."""
        async with asyncio.timeout(WAIT_S):
            while not is_so():
                self._fresh.clear()
                await self._fresh.wait()

    async def all_settled(self, calls: int) -> list[usage_pb2.Settled]:
        """The settlements, once there are so many."""
        await self.until(lambda: len(self.settled) >= calls)
        assert len(self.settled) == calls
        return self.settled

    def totals(self) -> dict[str, int]:
        """What was settled, by the names the simulated provider uses."""
        names = (
            "input_tokens",
            "cached_input_tokens",
            "cache_write_tokens",
            "cache_write_1h_tokens",
            "output_tokens",
            "reasoning_tokens",
        )
        return {name: sum(getattr(s.usage, name) for s in self.settled) for name in names}

    def _receive(self, record: Record) -> None:
        for text in decode(record.frame, USAGE, record.sequence).events:
            event = event_pb2.Event.FromString(bytes(text))
            self.envelopes.append(event)
            if event.kind in _KINDS:
                kept: list[Any] = getattr(self, event.kind.removeprefix("usage."), [])
                message = _KINDS[event.kind].FromString(event.payload)
                if message.DESCRIPTOR.fields_by_name.get("attribution"):
                    message.attribution.call_id = event.call_id  # which the envelope alone names
                kept.append(message)
        self._fresh.set()


@dataclass
class EdgeWorld:
    """All of it, running."""

    url: str
    edge: EdgeService
    quota: QuotaService
    cache: CacheService
    provider: SimulatedProvider
    ledger: Ledger
    ground: Ground

    async def limit(self, amount: int, meter: int, window: int = quota_pb2.WINDOW_DAY) -> None:
        """One hard limit on the tenant `default`."""
        limit = quota_pb2.Limit(
            limit_id="spend",
            selector=quota_pb2.Selector(tenant_id="default"),
            meter=meter,
            window=window,
            amount=amount,
        )
        await self.quota.put_limit(quota_pb2.PutLimitRequest(limit=limit))

    async def levels(self) -> list[quota_pb2.Level]:
        """Where the limits of `default` stand."""
        asked = quota_pb2.UsageRequest(attribution=ledger_pb2.Attribution(tenant_id="default"))
        return list((await self.quota.usage(asked)).levels)

    def served(self) -> dict[str, Any]:
        """The provider's own totals."""
        return dict(self.provider.served.totals()[-1])


@asynccontextmanager
async def edge_world(
    data_dir: Path,
    *,
    log: EventLog | None = None,
    authentication: str = "none",
    provider: SimulatorSettings | None = None,
    surroundings: Surroundings | None = None,
    **settings: Any,
) -> AsyncIterator[EdgeWorld]:
    """Settings are those of the edge."""
    ground = memory_ground(data_dir, log)
    async with SimulatedProvider(provider) as simulated, asyncio.TaskGroup() as group:
        quota = QuotaService(ground.log, surroundings=surroundings)
        cache = CacheService(ground, CacheSettings(disk_bytes_max=0))
        compressor = CompressorService(ground, CompressorSettings())
        told = {"anthropic_url": simulated.address, "openai_url": simulated.address, **settings}
        edge = EdgeService(
            ground,
            (quota, cache, compressor),
            EdgeSettings(**told),
            ProcessSettings(data_dir=data_dir, authentication=authentication),
        )
        ledger = Ledger(ground.log)
        services = (quota, cache, compressor, edge)
        tasks = [group.create_task(service.run()) for service in services]
        for service in services:
            await service.ready()
        tasks.append(group.create_task(ledger.follow()))
        try:
            yield EdgeWorld(edge.url, edge, quota, cache, simulated, ledger, ground)
        finally:
            await edge.drain()
            for task in tasks:
                task.cancel()
