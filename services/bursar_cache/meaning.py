"""Look-ups by meaning as the service offers them: answered, noted in the log, learned from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bursar.cache.v1 import cache_pb2 as contract
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.wiring.module import Ground
from bursar_cache import wire
from bursar_cache.domain import MissReason
from bursar_cache.journal import Journal, Note, asked_by
from bursar_cache.layers import Layers
from bursar_cache.memory import Place
from bursar_cache.semantic.answering import Answering, Ask, Terms
from bursar_cache.semantic.experiences import Experiences
from bursar_cache.semantic.settings import SemanticSettings


class Meaning:
    """What comes after the very same request was not found."""

    def __init__(
        self,
        ground: Ground,
        settings: tuple[SemanticSettings, Path],
        layers: Layers,
        journal: Journal,
        experiences: Callable[[], Experiences],
    ) -> None:
        self._ground = ground
        self._layers = layers
        self._journal = journal
        terms = Terms(*settings, ground.clock, ground.keyring.keyed_hash)
        self._answering = Answering(terms, experiences)

    async def look_up(
        self, request: contract.LookupByMeaningRequest, place: Place, missed: MissReason
    ) -> contract.LookupByMeaningResponse:
        """The answer to a question that means the same, or why there is none. `missed`: why the
        very same request was not found.
        """
        lookup = request.lookup
        ask = _ask(request.question, place, lookup.target, lookup.strategy)
        evidence = await self._answering.look_up(ask)
        now_ns, origin = self._ground.clock(), asked_by(lookup.attribution)
        if evidence.outcome == "served":
            found = self._layers.find((place[0], evidence.nearest_key), now_ns)
            if not isinstance(found, MissReason):
                hit = wire.hit_event(lookup, found.layer, found.hit, evidence)
                self._journal.note(Note(wire.HIT, hit, origin, now_ns))
                return contract.LookupByMeaningResponse(answer=found.response, evidence=evidence)
            await self._answering.forget(ask, evidence.nearest_key)
            evidence.outcome = "nothing_near"
        miss = wire.miss_event(lookup, place[1], missed, evidence)
        self._journal.note(Note(wire.MISS, miss, origin, now_ns))
        answer = contract.LookupResponse(miss_reason=missed)
        return contract.LookupByMeaningResponse(answer=answer, evidence=evidence)

    async def keep(self, request: contract.StoreRequest, place: Place, expires_at_ns: int) -> None:
        """Offers a stored answer to questions that mean the same, and learns from it."""
        ask = _ask(request.question, place, request.entry.target, request.strategy)
        label = await self._answering.keep(ask, request.answer_text, expires_at_ns)
        if label is not None:
            self._note_label(request.attribution, *label)

    def feedback(self, request: contract.FeedbackRequest) -> None:
        """Learns from whoever read the answer."""
        self._note_label(request.attribution, request.evidence, "feedback", request.is_right)

    def close(self) -> None:
        """Everything is on disk after this."""
        self._answering.close()

    def _note_label(
        self,
        attribution: ledger_pb2.Attribution,
        evidence: contract.Evidence,
        source: str,
        is_right: bool,
    ) -> None:
        payload = wire.labelled_event(attribution, evidence, source, is_right)
        note = Note(wire.LABELLED, payload, asked_by(attribution), self._ground.clock())
        self._journal.note(note)


def _ask(
    question: contract.Question,
    place: Place,
    target: ledger_pb2.Target,
    strategy: planner_pb2.CacheStrategy.ValueType,
) -> Ask:
    is_aggressive = strategy == planner_pb2.CACHE_STRATEGY_AGGRESSIVE
    return Ask(*place, question, target, is_opted_in=is_aggressive)
