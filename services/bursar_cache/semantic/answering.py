"""Which stored answer a question gets by meaning, and the evidence for and against it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bursar.cache.v1 import cache_pb2 as contract
from bursar.embedding.embedder import Embedder
from bursar.embedding.model import MODEL_ID
from bursar.errors import FailedPrecondition, InvalidRequest, Overloaded, Unavailable
from bursar.ledger.v1 import ledger_pb2
from bursar.recently_used import RecentlyUsed
from bursar_cache.semantic.domain.eligibility import Asked, Refusal, refusal_of
from bursar_cache.semantic.domain.learning import Bar
from bursar_cache.semantic.experiences import Experiences, level_of
from bursar_cache.semantic.rows import Question
from bursar_cache.semantic.settings import LEVEL_NAMES, SemanticSettings

if TYPE_CHECKING:
    from bursar_cache.semantic.layer import MeaningLayer, Nearest

# Which questions were answered anew to check an answer: remembered until they are stored.
SHADOWED_KEPT = 4_096
_OUT_OF_ORDER = {
    FailedPrecondition: "no_model",
    Overloaded: "overloaded",
    Unavailable: "index_building",
}


class Ask(NamedTuple):
    """A question, who asks it of which model, the key of the very same request, and whether
    look-ups by meaning were opted in to.
    """

    tenant_id: str
    exact_key: bytes
    question: contract.Question
    target: ledger_pb2.Target
    is_opted_in: bool


class Terms(NamedTuple):
    """What the layer works with."""

    settings: SemanticSettings
    directory: Path
    clock: Callable[[], int]
    keyed_hash: Callable[[str, bytes], bytes]


class Label(NamedTuple):
    """What a stored answer tells of the one that would have been given by meaning."""

    evidence: contract.Evidence
    source: str
    is_right: bool


class Answering:
    """Look-ups by meaning of one replica. Files, model and index are opened by the first one."""

    def __init__(self, terms: Terms, experiences: Callable[[], Experiences]) -> None:
        self._terms = terms
        self._experiences = experiences
        self._layer: MeaningLayer | None = None
        self._shadowed: RecentlyUsed[bytes, bool] = RecentlyUsed(SHADOWED_KEPT)

    async def look_up(self, ask: Ask) -> contract.Evidence:
        """`served` with the key of the answer, or why there is none.

        Raises InvalidRequest for a similarity_min outside 0 to 1.
        """
        check(ask.question)
        evidence = contract.Evidence(namespace=ask.question.namespace)
        refusal = self._refusal(ask)
        if refusal is not None:
            evidence.outcome, evidence.detail = "refused", refusal
            return evidence
        try:
            nearest = await self._opened().nearest(self._scope(ask), ask.question.text)
        except tuple(_OUT_OF_ORDER) as error:
            evidence.outcome, evidence.detail = "unavailable", _OUT_OF_ORDER[type(error)]
            return evidence
        self._judge(ask, nearest, evidence)
        return evidence

    async def keep(self, ask: Ask, answer: str, until_ns: int) -> Label | None:
        """Offers an answer to questions that mean the same; what it tells of the nearest one."""
        check(ask.question)
        if self._refusal(ask) is not None:
            return None
        scope, text = self._scope(ask), ask.question.text
        question = Question(scope, ask.exact_key, text, answer, b"", expires_at_ns=until_ns)
        try:
            kept = await self._opened().keep(question)
        except tuple(_OUT_OF_ORDER):
            return None  # the answer is stored; it is not found by meaning
        if kept is None:
            return None
        evidence = contract.Evidence(namespace=ask.question.namespace)
        _tell(evidence, kept.nearest, self._bar(ask))
        is_shadow = self._shadowed.get(ask.exact_key) is not None
        return Label(evidence, "shadow_check" if is_shadow else "miss", kept.is_right)

    async def forget(self, ask: Ask, exact_key: bytes) -> None:
        """What has no answer any more is not found again."""
        await self._opened().forget(self._scope(ask), exact_key)

    def close(self) -> None:
        """Everything is on disk after this."""
        if self._layer is not None:
            self._layer.close()

    def _judge(self, ask: Ask, nearest: Nearest | None, evidence: contract.Evidence) -> None:
        if nearest is None:
            evidence.outcome = "nothing_near"
            return
        bar = self._bar(ask)
        _tell(evidence, nearest, bar)
        evidence.outcome = _outcome(evidence, bar, ask.question.similarity_min)
        if evidence.outcome == "served" and self._is_checked(ask):
            evidence.outcome = "shadow_check"
            self._shadowed.put(ask.exact_key, True)

    def _is_checked(self, ask: Ask) -> bool:
        """Drawn by a hash of what is asked and when, so that no caller can choose."""
        settings = self._terms.settings.of(ask.question.namespace)
        drawn = sha256(ask.exact_key + self._terms.clock().to_bytes(8, "big")).digest()
        return int.from_bytes(drawn[:4], "big") < settings.shadow_pct / 100 * 2**32

    def _bar(self, ask: Ask) -> Bar:
        namespace = ask.question.namespace
        limits = self._terms.settings.of(namespace).limits
        return self._experiences().bar(ask.tenant_id, namespace, limits)

    def _refusal(self, ask: Ask) -> Refusal | None:
        if not ask.is_opted_in and ask.tenant_id not in self._terms.settings.tenants:
            return Refusal.NOT_OPTED_IN
        question = ask.question
        asked = Asked(
            question.text,
            question.temperature,
            question.has_tools,
            question.has_earlier_turns,
            question.has_attachments,
        )
        return refusal_of(asked, self._terms.settings.of(question.namespace).is_closed)

    def _scope(self, ask: Ask) -> bytes:
        return scope_of(ask, self._terms.keyed_hash)

    def _opened(self) -> MeaningLayer:
        if self._layer is None:
            # Here, because numpy and the index take a while to import.
            from bursar_cache.semantic.layer import MeaningLayer

            terms = self._terms
            self._layer = MeaningLayer(
                Embedder(), terms.directory, terms.settings.entries_max, terms.clock
            )
        return self._layer


def check(question: contract.Question) -> None:
    """Raises InvalidRequest for a similarity_min outside 0 to 1."""
    if not 0 <= question.similarity_min <= 1:
        remedy = "give a cosine from 0 to 1, or 0 for what was learned"
        raise InvalidRequest.of("question.similarity_min", question.similarity_min, remedy)


def scope_of(ask: Ask, keyed_hash: Callable[[str, bytes], bytes]) -> bytes:
    """What two questions have to share to match: tenant, namespace, model and all around the
    question, under the tenant's key.
    """
    parts = (
        MODEL_ID.encode(),
        ask.question.namespace.encode(),
        ask.target.provider.encode(),
        ask.target.model.encode(),
        ask.question.scope_form,
    )
    return keyed_hash(
        ask.tenant_id, b"".join(len(part).to_bytes(8, "big") + part for part in parts)
    )


def _outcome(evidence: contract.Evidence, bar: Bar, similarity_min: float) -> str:
    if evidence.similarity < max(bar.similarity, similarity_min):
        return "below_bar"
    return "served" if bar.is_passed(evidence.similarity, level_of(evidence)) else "vetoed"


def _tell(evidence: contract.Evidence, nearest: Nearest, bar: Bar) -> None:
    evidence.similarity = nearest.similarity
    evidence.nearest_key = nearest.exact_key
    evidence.vetoes.extend(nearest.vetoes)
    evidence.bar_similarity = bar.similarity
    evidence.bar_guards = LEVEL_NAMES[bar.guards]
    evidence.wrong_per_hit_upper = bar.wrong_per_hit_upper
    evidence.wrong_per_request_upper = bar.wrong_per_request_upper
    evidence.labels = bar.labels
