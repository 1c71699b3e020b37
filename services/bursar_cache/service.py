"""Answers the cache's contract, and follows the log for what other replicas forgot."""

from __future__ import annotations

import asyncio

from bursar.cache.v1 import cache_pb2 as contract
from bursar.eventlog.envelope import Origin, new_event_id, origin_of
from bursar.eventlog.log import Cursor
from bursar.eventlog.observed import ObservedTerms, ObservedWriter
from bursar.eventlog.projection import Projection
from bursar.eventlog.stream import StreamId
from bursar.eventlog.writers import WriterChains
from bursar.ledger.v1 import ledger_pb2
from bursar.rpc import deadline
from bursar.telemetry import context as trace_context
from bursar.wiring.module import Ground
from bursar_cache import domain, wire
from bursar_cache.disk import DiskLayer, DiskTerms
from bursar_cache.disk_table import Eviction
from bursar_cache.journal import Journal
from bursar_cache.layers import DISK, Layers
from bursar_cache.memory import MemoryLayer, Place
from bursar_cache.projection import CacheTotals, fold
from bursar_cache.settings import CacheSettings

STREAM = StreamId("cache")
ANNOUNCED_TIMEOUT_S = 5.0


class CacheService:
    """Satisfies CacheClient and the wiring's Service."""

    def __init__(self, ground: Ground, settings: CacheSettings) -> None:
        self._ground = ground
        self._policy = domain.Policy(
            settings.entry_bytes_max,
            settings.selective_cost_nano_usd_min,
            settings.selective_tokens_min,
        )
        self._writer = ObservedWriter(ground.log, STREAM, ObservedTerms(clock=ground.clock))
        self._journal = Journal(self._writer)
        self._disk = self._disk_layer(settings)
        memory = MemoryLayer(settings.memory_bytes_max)
        self._layers = Layers(memory, self._disk, self._note_eviction)
        self._writers = WriterChains(Cursor(STREAM))
        self._projection = Projection(
            CacheTotals(), self._writers, fold(self._invalidated_somewhere)
        )
        self._announced: dict[str, asyncio.Future[None]] = {}
        self._is_attached = asyncio.Event()
        self._is_written = asyncio.Event()

    async def run(self) -> None:
        """Follows the log, writes events and entries, until cancelled."""
        await self._ground.log.open(STREAM)
        if self._disk is not None:
            await self._disk.open()
        try:
            async with asyncio.TaskGroup() as group:
                if self._disk is not None:
                    group.create_task(self._disk.run(), name="cache disk")
                group.create_task(self._write(), name="cache events")
                await self._projection.attach(self._ground.log)
                self._is_attached.set()
                await self._ground.log.follow(self._projection.cursor, self._projection.fold)
        finally:
            if self._disk is not None:
                await self._disk.close()

    async def ready(self) -> None:
        """Returns once what other replicas forgot before our start is forgotten here."""
        await self._is_attached.wait()
        await self._projection.caught_up()
        if self._disk is not None:
            await self._disk.drain()

    async def drain(self) -> None:
        """Returns once every entry and every event is durable."""
        if self._disk is not None:
            await self._disk.drain()
        self._journal.flush()
        self._writer.close()
        await self._is_written.wait()

    async def lookup(self, request: contract.LookupRequest) -> contract.LookupResponse:
        """Never suspends: a hit in memory takes a few microseconds, on disk some tens."""
        attribution = request.attribution
        place = wire.place_of(attribution, request.key, self._ground.keyring.keyed_hash)
        now_ns = self._ground.clock()
        if not domain.is_looked_up(wire.strategy_of(request.strategy)):
            return self._miss(request, place, domain.MissReason.STRATEGY)
        found = self._layers.find(place, now_ns)
        if isinstance(found, domain.MissReason):
            return self._miss(request, place, found)
        payload = wire.hit_event(attribution, found.kept, found.layer)
        self._journal.note(wire.HIT, payload, _origin(attribution), now_ns)
        return found.response

    async def store(self, request: contract.StoreRequest) -> contract.StoreResponse:
        """Acknowledged once it survives the end of this process. Where the disk is full, memory
        alone has it, and the answer says so.
        """
        attribution, strategy = request.attribution, wire.strategy_of(request.strategy)
        place = wire.place_of(attribution, request.key, self._ground.keyring.keyed_hash)
        answer = wire.answer_of(request)
        domain.check_tags(answer.tags)
        ttl_ns = domain.time_to_live_ns(request.ttl_ns, strategy, answer.tags)
        refusal = domain.refusal_of(answer, strategy, self._policy)
        if refusal is not None:
            return contract.StoreResponse(refused_reason=refusal)
        now_ns = self._ground.clock()
        entry = wire.stored_entry(request.entry, place, answer.tags, now_ns, now_ns + ttl_ns)
        if not await self._layers.keep(place, entry):
            return contract.StoreResponse(
                refused_reason=domain.Refusal.DISK_FULL, expires_at_ns=entry.expires_at_ns
            )
        payload = wire.stored_event(attribution, entry)
        self._journal.note(wire.STORED, payload, _origin(attribution), now_ns)
        return contract.StoreResponse(is_stored=True, expires_at_ns=entry.expires_at_ns)

    async def invalidate(self, request: contract.InvalidateRequest) -> contract.InvalidateResponse:
        """Acknowledged once it is forgotten here and durable in the log, where every other replica
        reads it. Raises DeadlineExceeded when the log did not take it in time: it is forgotten
        here then, and perhaps nowhere else.
        """
        selection = wire.selection_of(request)
        entries = await self._layers.forget(selection)
        now_ns = self._ground.clock()
        event_id = new_event_id(now_ns)
        announced = self._announced[event_id] = asyncio.get_running_loop().create_future()
        payload = wire.invalidated_event(selection, request.reason, entries)
        origin = Origin(selection.tenant_id)
        self._journal.note(wire.INVALIDATED, payload, origin, now_ns, event_id)
        try:
            async with deadline.within(ANNOUNCED_TIMEOUT_S):
                await announced
        finally:
            self._announced.pop(event_id, None)
        return contract.InvalidateResponse(invalidated_entries=entries)

    async def stats(self, request: contract.StatsRequest) -> contract.StatsResponse:
        """Counted from the log: what any replica answered, once it is framed. The entries are those
        of this one.
        """
        totals = self._projection.state.of(request.tenant_id)
        entries, entry_bytes = await self._layers.count(request.tenant_id)
        return contract.StatsResponse(
            hits=totals.hits,
            misses=totals.misses,
            total_requests=totals.total_requests,
            hit_rate=totals.hit_rate,
            tokens_saved=totals.tokens_saved,
            cost_saved_nano_usd=totals.cost_saved_nano_usd,
            stores=totals.stores,
            entries=entries,
            entry_bytes=entry_bytes,
            cache_events_lost=self._writers.missing_events,
        )

    def _miss(
        self, request: contract.LookupRequest, place: Place, reason: domain.MissReason
    ) -> contract.LookupResponse:
        payload = wire.miss_event(request, place, reason)
        origin = _origin(request.attribution)
        self._journal.note(wire.MISS, payload, origin, self._ground.clock())
        return contract.LookupResponse(miss_reason=reason)

    def _note_eviction(self, eviction: Eviction, layer: contract.Layer.ValueType) -> None:
        payload = wire.evicted_event(eviction, layer)
        origin = Origin(eviction.place[0])
        self._journal.note(wire.EVICTED, payload, origin, self._ground.clock())

    def _invalidated_somewhere(
        self, event_id: str, selection: domain.Selection, at_ns: int
    ) -> None:
        announced = self._announced.get(event_id)
        if announced is None:
            self._layers.forget_soon(domain.by_another_replica(selection, at_ns))
        elif not announced.done():
            announced.set_result(None)

    async def _write(self) -> None:
        try:
            await self._writer.run()
        finally:
            self._is_written.set()

    def _disk_layer(self, settings: CacheSettings) -> DiskLayer | None:
        if not settings.disk_bytes_max:
            return None
        terms = DiskTerms(
            directory=settings.directory or self._ground.data_dir / "cache",
            bytes_max=settings.disk_bytes_max,
            entry_bytes_max=settings.entry_bytes_max,
            free_pct_min=settings.disk_free_pct_min,
            clock=self._ground.clock,
        )
        return DiskLayer(terms, lambda eviction: self._note_eviction(eviction, DISK))


def _origin(attribution: ledger_pb2.Attribution) -> Origin:
    trace = trace_context.current()
    if trace is None:
        return origin_of(attribution)
    return origin_of(attribution, trace.trace_id, trace.span_id)
