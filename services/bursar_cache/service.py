"""Answers the cache's contract, and follows the log for what other replicas forgot."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from bursar.cache.v1 import cache_pb2 as contract
from bursar.errors import InvalidRequest, LogBroken, Unavailable
from bursar.eventlog.envelope import Origin, new_event_id
from bursar.eventlog.log import Cursor
from bursar.eventlog.observed import ObservedTerms, ObservedWriter
from bursar.eventlog.projection import Projection, follow_into
from bursar.eventlog.stream import StreamId
from bursar.eventlog.writers import WriterChains
from bursar.ledger.v1 import ledger_pb2
from bursar.rpc import deadline
from bursar.wiring.module import Ground
from bursar_cache import domain, wire
from bursar_cache.claiming import Claiming
from bursar_cache.claims import Claims
from bursar_cache.claims_afar import ClaimsAfar
from bursar_cache.disk_terms import DiskTerms
from bursar_cache.invalidations import Invalidations
from bursar_cache.journal import Journal, Note, asked_by
from bursar_cache.layers import Answer, Bounds, Layers
from bursar_cache.lookups import Lookups
from bursar_cache.meaning import Meaning
from bursar_cache.memory import Eviction
from bursar_cache.projection import CacheTotals, fold
from bursar_cache.semantic.domain.timeliness import timely_ttl_ns
from bursar_cache.settings import CacheSettings
from bursar_cache.snapshots import AT_THE_END_FRAMES, TotalsSnapshots

STREAM = StreamId("cache")
ANNOUNCED_TIMEOUT_S = 5.0
LOOKUPS_MAX = 256  # in one message

_logger = logging.getLogger(__name__)


class CacheService:
    """Satisfies CacheClient and the wiring's Service."""

    def __init__(
        self,
        ground: Ground,
        settings: CacheSettings,
        own_address: str = "",
        afar: ClaimsAfar | None = None,
    ) -> None:
        self._ground = ground
        self._policy = domain.Policy(
            settings.entry_bytes_max,
            settings.selective_cost_nano_usd_min,
            settings.selective_tokens_min,
        )
        self._writer = ObservedWriter(ground.log, STREAM, ObservedTerms(clock=ground.clock))
        self._journal = Journal(self._writer)
        bounds = Bounds(settings.memory_bytes_max, settings.entry_bytes_max)
        self._layers = Layers(bounds, _disk_terms(ground, settings), self._note_eviction)
        self._disk = self._layers.disk
        self._snapshots = TotalsSnapshots(_directory(ground, settings), STREAM, self._disk)
        self._begin_at(CacheTotals(), WriterChains(Cursor(STREAM)))
        self._meaning = Meaning(
            ground,
            (settings.semantic, _directory(ground, settings) / "semantic"),
            self._layers,
            self._journal,
            lambda: self._projection.state.experiences,
        )
        self._lookups = Lookups(ground, self._layers, self._journal)
        self._claims = Claims(own_address)
        self._afar = afar
        self._claiming = Claiming(self._claims, self._lookups, self._log_position, afar)
        self._announced: dict[str, asyncio.Future[None]] = {}
        self._is_caught_up = asyncio.Event()
        self._is_written = asyncio.Event()

    async def run(self) -> None:
        """Follows the log, writes events and entries, until cancelled."""
        await self._ground.log.open(STREAM)
        if self._disk is not None:
            await self._disk.open()
        self._begin_at(*await self._snapshots.newest(self._ground.log))
        try:
            async with asyncio.TaskGroup() as group:
                if self._disk is not None:
                    group.create_task(self._disk.run(), name="cache disk")
                if self._afar is not None:
                    group.create_task(self._afar.run(), name="cache claims")
                group.create_task(self._write(), name="cache events")
                group.create_task(self._catch_up(), name="cache catches up")
                kept = self._snapshots.keep(self._projection.state, self._writers)
                group.create_task(kept, name="cache snapshots")
                await self._follow()
        finally:
            self._meaning.close()
            if self._disk is not None:
                await self._disk.close()

    @property
    def replicas(self) -> int:
        """How many are known to make answers, this one among them."""
        return 1 if self._afar is None else self._afar.replicas

    async def ready(self) -> None:
        """Returns once what other replicas forgot before our start is forgotten here."""
        await self._is_caught_up.wait()
        if self._disk is not None:
            await self._disk.drain()

    async def drain(self) -> None:
        """Returns once every entry and every event is durable."""
        if self._disk is not None:
            await self._disk.drain()
        self._journal.flush()
        self._writer.close()
        await self._is_written.wait()
        await self._snapshots.write(self._projection.state, self._writers, AT_THE_END_FRAMES)

    def _begin_at(self, totals: CacheTotals, writers: WriterChains) -> None:
        self._writers = writers
        self._invalidations = Invalidations(known_from=writers.cursor.sequence)
        self._projection = Projection(totals, writers, fold(self._invalidated_somewhere))

    @deadline.never_waits
    async def lookup(self, request: contract.LookupRequest) -> contract.LookupResponse:
        """What it takes is measured by `python benchmarks/cache.py`."""
        place = self._lookups.place_of(request)
        found = self._lookups.find(request, place)
        if isinstance(found, domain.MissReason):
            return self._lookups.miss(request, place, found)
        return self._lookups.hit(request, found)

    async def lookup_by_meaning(
        self, request: contract.LookupByMeaningRequest
    ) -> contract.LookupByMeaningResponse:
        """Raises InvalidRequest for a similarity_min outside 0 to 1."""
        lookup = request.lookup
        place = self._lookups.place_of(lookup)
        found = self._lookups.find(lookup, place)
        if isinstance(found, Answer):
            return contract.LookupByMeaningResponse(answer=self._lookups.hit(lookup, found))
        if found in (domain.MissReason.STRATEGY, domain.MissReason.DAMAGED):
            return contract.LookupByMeaningResponse(answer=self._lookups.miss(lookup, place, found))
        return await self._meaning.look_up(request, place, found)

    async def feedback(self, request: contract.FeedbackRequest) -> contract.FeedbackResponse:
        """Learned from once it is framed. Raises InvalidRequest for evidence of nothing served."""
        if request.evidence.outcome != "served":
            remedy = "give the evidence of an answer that was served by meaning"
            raise InvalidRequest.of("evidence.outcome", request.evidence.outcome, remedy)
        self._meaning.feedback(request)
        return contract.FeedbackResponse()

    async def lookup_many(
        self, requests: AsyncIterator[contract.LookupManyRequest]
    ) -> AsyncIterator[contract.LookupManyResponse]:
        """Raises InvalidRequest for a message with no look-up in it, or with too many."""
        async for request in requests:
            if not 0 < len(request.lookups) <= LOOKUPS_MAX:
                remedy = f"send 1 to {LOOKUPS_MAX} in a message"
                raise InvalidRequest.of("lookups", len(request.lookups), remedy)
            answers = [await self.lookup(lookup) for lookup in request.lookups]
            yield contract.LookupManyResponse(answers=answers)

    async def claim(self, request: contract.ClaimRequest) -> contract.ClaimResponse:
        return await self._claiming.claim(request)

    def await_(self, request: contract.AwaitRequest) -> AsyncIterator[contract.AwaitResponse]:
        return self._claiming.wait(request)

    async def advance(self, request: contract.AdvanceRequest) -> contract.AdvanceResponse:
        return await self._claiming.advance(request)

    async def store(self, request: contract.StoreRequest) -> contract.StoreResponse:
        """Acknowledged once it survives the end of this process, unless nobody waits for that.
        Where the disk is full, memory alone has it, and the answer says so.
        """
        strategy = wire.strategy_of(request.strategy)
        place = wire.place_of(request.attribution, request.key, self._ground.keyring.keyed_hash)
        answer = wire.answer_of(request)
        domain.check_tags(answer.tags)
        ttl_ns = domain.time_to_live_ns(request.ttl_ns, strategy, answer.tags)
        if request.HasField("question") and not request.ttl_ns:
            ttl_ns = timely_ttl_ns(request.question.text, ttl_ns)
        refusal = domain.refusal_of(answer, strategy, self._policy)
        if not ttl_ns:
            refusal = domain.Refusal.MOMENTARY
        if refusal is not None:
            return contract.StoreResponse(refused_reason=refusal)
        if self._lookups.is_blind:
            raise Unavailable("the cache cannot follow its stream; an operator has to look")
        now_ns = self._ground.clock()
        kept = wire.kept_of(request, place, answer.tags, (now_ns, now_ns + ttl_ns))
        if request.HasField("claim"):
            since = request.claim.log_position
            if self._invalidations.has_one_since(since, kept):
                return contract.StoreResponse(refused_reason=domain.Refusal.INVALIDATED)
        if request.is_written_behind:
            is_kept = self._layers.keep_behind(kept)
        else:
            is_kept = await self._layers.keep(kept)
        expires_at_ns = kept.expires_at_ns
        if not is_kept:
            return contract.StoreResponse(
                refused_reason=domain.Refusal.DISK_FULL, expires_at_ns=expires_at_ns
            )
        self._claims.kept(place)
        payload = wire.stored_event(request, place[1], expires_at_ns)
        self._journal.note(Note(wire.STORED, payload, asked_by(request.attribution), now_ns))
        if request.HasField("question"):
            await self._meaning.keep(request, place, expires_at_ns)
        return contract.StoreResponse(is_stored=True, expires_at_ns=expires_at_ns)

    async def invalidate(self, request: contract.InvalidateRequest) -> contract.InvalidateResponse:
        """Acknowledged once it is forgotten here and durable in the log, where every other replica
        reads it. Raises DeadlineExceeded when the log did not take it in time: it is forgotten
        here then, and perhaps nowhere else.
        """
        selection = wire.selection_of(request, self._ground.clock())
        self._remember(selection, self._log_position() + 1)  # where it will stand, or later
        entries = await self._layers.forget(selection)
        now_ns = self._ground.clock()
        event_id = new_event_id(now_ns)
        announced = self._announced[event_id] = asyncio.get_running_loop().create_future()
        payload = wire.invalidated_event(selection, request.reason, entries)
        origin = _origin(selection.tenant_id)
        self._journal.note(Note(wire.INVALIDATED, payload, origin, now_ns, event_id))
        try:
            with deadline.within(ANNOUNCED_TIMEOUT_S):
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

    def _note_eviction(self, eviction: Eviction, layer: contract.Layer.ValueType) -> None:
        payload = wire.evicted_event(eviction, layer)
        origin = _origin(eviction.place[0])
        self._journal.note(Note(wire.EVICTED, payload, origin, self._ground.clock()))

    def _invalidated_somewhere(
        self, event_id: str, selection: domain.Selection, at_ns: int
    ) -> None:
        announced = self._announced.get(event_id)
        if announced is None:
            self._remember(selection, self._log_position())
            self._layers.forget_soon(domain.by_another_replica(selection, at_ns))
        elif not announced.done():
            announced.set_result(None)

    def _log_position(self) -> int:
        return self._writers.cursor.sequence

    def _remember(self, selection: domain.Selection, position: int) -> None:
        self._invalidations.add(position, selection)
        self._claims.forget(selection)

    async def _follow(self) -> None:
        """Folds the stream. Who cannot read what others forgot may give nothing: then every look-up
        is a miss, and nothing is kept.
        """
        try:
            await follow_into(self._projection, self._ground.log)
        except LogBroken as broken:
            _logger.error("the cache gives nothing until its stream is mended: %s", broken.message)
            self._lookups.is_blind = True
            self._is_caught_up.set()

    async def _catch_up(self) -> None:
        await self._projection.caught_up()
        self._is_caught_up.set()

    async def _write(self) -> None:
        try:
            await self._writer.run()
        finally:
            self._is_written.set()


def _disk_terms(ground: Ground, settings: CacheSettings) -> DiskTerms | None:
    if not settings.disk_bytes_max:
        return None
    return DiskTerms(
        directory=_directory(ground, settings),
        bytes_max=settings.disk_bytes_max,
        free_pct_min=settings.disk_free_pct_min,
        clock=ground.clock,
    )


def _directory(ground: Ground, settings: CacheSettings) -> Path:
    return settings.directory or ground.data_dir / "cache"


def _origin(tenant_id: str) -> Origin:
    """Of what happened on nobody's request; in the trace of whatever caused it."""
    return asked_by(ledger_pb2.Attribution(tenant_id=tenant_id))
