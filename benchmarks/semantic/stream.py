"""A stream of questions against a cache that starts empty: what it serves, and how wrongly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

import numpy as np

from bursar_cache.semantic.domain.guard_levels import GuardLevel, level_passed
from bursar_cache.semantic.domain.guards import Pair, Words, vetoes
from bursar_cache.semantic.domain.learning import (
    SIMILARITY_FLOOR,
    Bar,
    Experience,
    Limits,
    bar_of,
)
from bursar_cache.semantic.domain.reading import read
from semantic.labelled import Answered, Vectors

QUESTIONS = 6_000
SEED = 7
SHADOW_SHARE = 0.04
WRONG_PER_HIT_MAX = 0.05
CURVE_POINTS = 6
# A list of frequent questions: whatever labels allow.
CLOSED = Limits(
    wrong_per_hit_max=WRONG_PER_HIT_MAX,
    wrong_per_request_max=WRONG_PER_HIT_MAX,
    guards_min=GuardLevel.NONE,
)


class Nearest(NamedTuple):
    """The stored question nearest to one that is asked."""

    similarity: float
    level: GuardLevel
    is_right: bool


@dataclass(slots=True)
class Served:
    """What a policy served of a stream; `curve` are the hits in % of each part of it."""

    requests: int = 0
    hits: int = 0
    wrong: int = 0
    curve: list[float] = field(default_factory=list)

    @property
    def hit_pct(self) -> float:
        return 100 * self.hits / self.requests if self.requests else 0.0

    @property
    def wrong_per_hit_pct(self) -> float:
        return 100 * self.wrong / self.hits if self.hits else 0.0


class FixedCosine:
    """Serves what is as near, whatever happens."""

    def __init__(self, similarity: float) -> None:
        self._similarity = similarity

    def serves(self, nearest: Nearest) -> bool:
        return nearest.similarity >= self._similarity

    def learn(self, nearest: Nearest, is_answered_anew: bool) -> None:
        """It does not."""


class Learned:
    """Ours: a share of hits is answered anew, and every label moves the bar."""

    def __init__(self, limits: Limits = CLOSED) -> None:
        self._limits = limits
        self._experience = Experience()
        self._random = Random(SEED)
        self.bar: Bar = bar_of(self._experience, limits)

    def serves(self, nearest: Nearest) -> bool:
        is_passed = self.bar.is_passed(nearest.similarity, nearest.level)
        return is_passed and self._random.random() >= SHADOW_SHARE

    def learn(self, nearest: Nearest, is_answered_anew: bool) -> None:
        self._experience.asked(nearest.similarity, nearest.level)
        if is_answered_anew:
            self._experience.labelled(nearest.similarity, nearest.level, nearest.is_right)
            self.bar = bar_of(self._experience, self._limits)


Policy = FixedCosine | Learned


def drawn(questions: Sequence[Answered]) -> list[Answered]:
    """QUESTIONS of them, or all, in an order that is the same every time."""
    shuffled = list(questions)
    Random(SEED).shuffle(shuffled)
    return shuffled[:QUESTIONS]


def run(questions: Sequence[Answered], vectors: Vectors, words: Words, policy: Policy) -> Served:
    """Asks all of them; what is not served is answered and stored."""
    stored = np.zeros((len(questions), len(next(iter(vectors.values())))), dtype=np.float32)
    kept: list[Answered] = []
    served = Served()
    part = max(1, len(questions) // CURVE_POINTS)
    hits_before = 0
    for asked in questions:
        vector = vectors[asked.text]
        nearest = _nearest(stored[: len(kept)] @ vector, kept, asked, words)
        served.requests += 1
        is_served = nearest is not None and policy.serves(nearest)
        if nearest is not None:
            policy.learn(nearest, not is_served)
        if nearest is not None and is_served:
            served.hits += 1
            served.wrong += not nearest.is_right
        else:
            stored[len(kept)] = vector
            kept.append(asked)
        if served.requests % part == 0:
            served.curve.append(100 * (served.hits - hits_before) / part)
            hits_before = served.hits
    return served


def _nearest(
    similarities: np.ndarray, kept: Sequence[Answered], asked: Answered, words: Words
) -> Nearest | None:
    if not kept:
        return None
    at = int(similarities.argmax())
    similarity, found = float(similarities[at]), kept[at]
    level = GuardLevel.NONE
    if similarity >= SIMILARITY_FLOOR:
        pair = Pair(read(asked.text), read(found.text), similarity)
        level = level_passed(vetoes(pair, words))
    return Nearest(similarity, level, found.answer == asked.answer)
