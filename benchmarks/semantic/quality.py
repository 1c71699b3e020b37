"""Hits and wrong answers of rules on labelled pairs: ours at its start settings, and baselines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import sqrt
from typing import NamedTuple

from bursar_cache.semantic.domain.agreement import is_same_text
from bursar_cache.semantic.domain.eligibility import Asked, refusal_of
from bursar_cache.semantic.domain.guards import Pair, Words, vetoes
from bursar_cache.semantic.domain.jaccard import SIMILARITY_MIN, jaccard
from bursar_cache.semantic.domain.learning import Limits
from bursar_cache.semantic.domain.reading import read
from semantic.labelled import LabelledPair, Vectors

Z = 1.96
# GPTCache's default threshold of 0.8 on its scale, (4 - squared distance) / 4, is this cosine.
# Its published rule alone is measured here, on the same vectors; not its code.
GPTCACHE_DEFAULT_COSINE = 0.6
COSINES = (GPTCACHE_DEFAULT_COSINE, 0.8, 0.9, 0.95, 0.97)
RAISED_COSINE = 0.97


class Scored(NamedTuple):
    """A pair and its cosine."""

    pair: LabelledPair
    similarity: float


Rule = Callable[[Scored], bool]
"""Whether one question would be answered by the other's answer."""


class Result(NamedTuple):
    """What a rule does on some pairs."""

    pairs: int
    hits: int
    wrong: int

    @property
    def hit_pct(self) -> float:
        return 100 * self.hits / self.pairs if self.pairs else 0.0

    @property
    def wrong_per_hit_pct(self) -> float:
        return 100 * self.wrong / self.hits if self.hits else 0.0

    @property
    def interval_pct(self) -> tuple[float, float]:
        """Wilson's, 95 %, two-sided, of the wrong ones among the hits."""
        if not self.hits:
            return 0.0, 100.0
        share, n = self.wrong / self.hits, self.hits
        middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
        spread = Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
        return 100 * max(0.0, middle - spread), 100 * (middle + spread)


def scored(pairs: Iterable[LabelledPair], vectors: Vectors) -> list[Scored]:
    """Each pair with its cosine."""
    return [Scored(pair, float(vectors[pair.one] @ vectors[pair.other])) for pair in pairs]


def rules(words: Words) -> dict[str, Rule]:
    """Ours last; `guards at the start` is what a namespace without labels does."""
    named: dict[str, Rule] = {
        "same text": lambda each: is_same_text(each.pair.one, each.pair.other),
        "Jaccard >= .95": lambda each: jaccard(each.pair.one, each.pair.other) >= SIMILARITY_MIN,
    }
    for cosine in COSINES:
        note = " (GPTCache's default)" if cosine == GPTCACHE_DEFAULT_COSINE else ""
        named[f"cosine >= {cosine:.2f}{note}"] = _at_least(cosine)
    start = Limits().start_similarity
    named[f"guards, cosine >= {RAISED_COSINE:.2f}"] = _guarded(RAISED_COSINE, words)
    named[f"guards at the start, >= {start:.2f}"] = _guarded(start, words)
    return named


def result_of(rule: Rule, scored_pairs: Iterable[Scored]) -> Result:
    """Counted over all of them."""
    pairs = list(scored_pairs)
    hits = [each for each in pairs if rule(each)]
    return Result(len(pairs), len(hits), sum(not each.pair.is_same for each in hits))


def _at_least(cosine: float) -> Rule:
    return lambda each: each.similarity >= cosine


def _guarded(cosine: float, words: Words) -> Rule:
    def rule(each: Scored) -> bool:
        if each.similarity < cosine:
            return False
        one, other = each.pair.one, each.pair.other
        if refusal_of(Asked(one)) is not None or refusal_of(Asked(other)) is not None:
            return False
        return not vetoes(Pair(read(one), read(other), each.similarity), words)

    return rule
