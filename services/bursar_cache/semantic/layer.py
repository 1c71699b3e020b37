"""Questions embedded, compared and kept, in the embedder's thread."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bursar.embedding.embedder import Embedder
from bursar.embedding.model import SentenceModel
from bursar.errors import Unavailable
from bursar.recently_used import RecentlyUsed
from bursar_cache.semantic.domain.agreement import agree, is_same_text
from bursar_cache.semantic.domain.guards import Guard, Pair, vetoes
from bursar_cache.semantic.domain.learning import SIMILARITY_FLOOR
from bursar_cache.semantic.domain.reading import read
from bursar_cache.semantic.index import SemanticIndex
from bursar_cache.semantic.rows import Question
from bursar_cache.semantic.words import ModelWords

if TYPE_CHECKING:
    from bursar.embedding.model import Vector

# A question is looked up, answered, and stored: its vector is kept from the one to the other.
VECTORS_KEPT = 1_024
# Of an answer, so much is kept to compare it.
ANSWER_CHARS_MAX = 2_000


class Nearest(NamedTuple):
    """The stored question that is nearest in its scope, and what forbids its answer."""

    exact_key: bytes
    similarity: float
    vetoes: tuple[Guard, ...]
    answer: str


class Kept(NamedTuple):
    """The nearest before a question was kept; `is_right` whether its answer said the same."""

    nearest: Nearest
    is_right: bool


class MeaningLayer:
    """The semantic layer of one replica. Its files belong to one process."""

    def __init__(
        self, embedder: Embedder, directory: Path, entries_max: int, clock: Callable[[], int]
    ) -> None:
        self._embedder = embedder
        self._index = SemanticIndex(directory, entries_max)
        self._clock = clock
        self._vectors: RecentlyUsed[str, Vector] = RecentlyUsed(VECTORS_KEPT)
        self._words: ModelWords | None = None

    async def nearest(self, scope: bytes, text: str) -> Nearest | None:
        """None where nothing is stored in the scope. Raises Unavailable while its graph is built
        anew, Overloaded, and FailedPrecondition where there is no model.
        """
        return await self._embedder.run(lambda model: self._nearest(model, scope, text))

    async def keep(self, question: Question) -> Kept | None:
        """Found from now on, once its vector is set here. Gives how its answer compares with the
        one that was nearest before, where there are both.
        """
        return await self._embedder.run(lambda model: self._keep(model, question))

    async def forget(self, scope: bytes, exact_key: bytes) -> None:
        """What has no answer any more is not found again."""
        await self._embedder.run(lambda _: self._index.forget(scope, exact_key))

    def close(self) -> None:
        """Everything is on disk after this."""
        self._embedder.close()
        self._index.close()

    def _nearest(self, model: SentenceModel, scope: bytes, text: str) -> Nearest | None:
        found = self._index.nearest(scope, self._vector(model, text), self._clock())
        if found is None:
            return None
        stored, similarity = found
        found_vetoes: tuple[Guard, ...] = ()
        if similarity >= SIMILARITY_FLOOR:
            pair = Pair(read(text), read(stored.text), similarity)
            found_vetoes = vetoes(pair, self._known_words(model))
        return Nearest(stored.exact_key, similarity, found_vetoes, stored.answer)

    def _keep(self, model: SentenceModel, question: Question) -> Kept | None:
        nearest = None
        with suppress(Unavailable):  # its graph is being built: nothing to compare with
            nearest = self._nearest(model, question.scope, question.text)
        vector = self._vector(model, question.text)
        answer = question.answer[:ANSWER_CHARS_MAX]
        stored = question._replace(answer=answer, vector=vector.astype(np.float16).tobytes())
        self._index.add(stored, vector)
        if nearest is None or nearest.similarity < SIMILARITY_FLOOR:
            return None
        if not answer or not nearest.answer or nearest.exact_key == question.exact_key:
            return None
        return Kept(nearest, self._agree(model, answer, nearest.answer))

    def _agree(self, model: SentenceModel, one: str, other: str) -> bool:
        if is_same_text(one, other):
            return True
        similarity = float(model.embed(one).vector @ model.embed(other).vector)
        return agree(one, other, similarity, self._known_words(model))

    def _vector(self, model: SentenceModel, text: str) -> Vector:
        known = self._vectors.get(text)
        if known is None:
            known = self._vectors.put(text, model.embed(text).vector)
        return known

    def _known_words(self, model: SentenceModel) -> ModelWords:
        if self._words is None:
            self._words = ModelWords(model)
        return self._words
