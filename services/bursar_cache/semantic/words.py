"""What the sentence model knows of words in general."""

from __future__ import annotations

from functools import cached_property
from math import log

from bursar.embedding.model import SentenceModel
from bursar.recently_used import RecentlyUsed
from bursar_cache.semantic.domain.stems import stem

LIKENESSES_KEPT = 8_192
# Numbers below this are special tokens and single characters.
FIRST_WORD = 1_996
# A word that is not in the vocabulary.
UNKNOWN_RANK = 30_000
# By Zipf's law the word of rank r is one in 10 r, and a question has about 9 of them.
WORDS_PER_RANK = 1.1


class ModelWords:
    """Satisfies Words; used by the thread that uses the model."""

    def __init__(self, model: SentenceModel) -> None:
        self._model = model
        self._likenesses: RecentlyUsed[tuple[str, str], float] = RecentlyUsed(LIKENESSES_KEPT)

    def rarity(self, stem: str) -> float:
        """From the word's rank in the vocabulary, which is sorted by how common words are."""
        return log(max(1.0, self._ranks.get(stem, UNKNOWN_RANK) / WORDS_PER_RANK))

    def likeness(self, one: str, other: str) -> float:
        """The cosine of their vectors: some 2 ms where they were not compared before."""
        pair = (one, other) if one < other else (other, one)
        known = self._likenesses.get(pair)
        if known is None:
            known = float(self._model.embed(one).vector @ self._model.embed(other).vector)
            self._likenesses.put(pair, known)
        return known

    @cached_property
    def _ranks(self) -> dict[str, int]:
        ranks: dict[str, int] = {}
        numbered = sorted(self._model.vocabulary().items(), key=lambda each: each[1])
        for word, number in numbered:
            if number >= FIRST_WORD and word.isalpha():
                ranks.setdefault(stem(word), number - FIRST_WORD + 1)
        return ranks
