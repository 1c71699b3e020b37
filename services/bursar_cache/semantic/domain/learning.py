"""How near is near enough, in one namespace: learned from answers that could be compared.

A miss is answered anew, and so tells whether the nearest stored answer would have been right: a
label for nothing. Of what was served, a small share is answered anew as well. From these labels
follows the lowest similarity, and the laxest guards, at which the upper bound of wrong answers
keeps the limit that the user set.

All labels count alike. Misses are labelled always and hits seldom, so that labels from below the
bar, where more is wrong, are more than their share, and the bound errs on the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate

from bursar_cache.semantic.domain.bounds import wilson_upper
from bursar_cache.semantic.domain.guard_levels import GuardLevel

# Nothing farther than this is ever served, whatever the labels say.
SIMILARITY_FLOOR = 0.70
STEPS = 60  # from the floor to 1
LABELS_MIN = 30  # below these, nothing is concluded
# Then all counts are halved: what was learned long ago weighs less.
LABELS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What the user allows in a namespace, and where it starts."""

    start_similarity: float = 0.94
    wrong_per_hit_max: float = 0.05
    wrong_per_request_max: float = 0.02
    # Labels may relax the guards down to this.
    guards_min: GuardLevel = GuardLevel.STRICT


@dataclass(frozen=True, slots=True)
class Bar:
    """What a stored question has to pass, and what is known of those that do."""

    similarity: float
    guards: GuardLevel
    wrong_per_hit_upper: float  # 1 where nothing is known
    wrong_per_request_upper: float
    labels: int

    def is_passed(self, similarity: float, level: GuardLevel) -> bool:
        """Whether a question so near, that passes guards of `level`, is answered."""
        return similarity >= self.similarity and level <= self.guards


@dataclass(slots=True)
class Counts:
    """By step of similarity, of questions whose nearest passes guards of one level."""

    asked: list[int] = field(default_factory=lambda: [0] * (STEPS + 1))
    right: list[int] = field(default_factory=lambda: [0] * (STEPS + 1))
    wrong: list[int] = field(default_factory=lambda: [0] * (STEPS + 1))


@dataclass(slots=True)
class Experience:
    """What a namespace has seen. Changed in place by the fold that alone owns it."""

    requests: int = 0
    labels: int = 0
    counts: dict[GuardLevel, Counts] = field(
        default_factory=lambda: {level: Counts() for level in GuardLevel}
    )

    def asked(self, similarity: float, level: GuardLevel) -> None:
        """One look-up, and how near its nearest stored question was; 0 where there was none."""
        self.requests += 1
        if similarity >= SIMILARITY_FLOOR:
            self.counts[level].asked[_step(similarity)] += 1

    def labelled(self, similarity: float, level: GuardLevel, is_right: bool) -> None:
        """Whether a stored answer was, or would have been, right."""
        if similarity < SIMILARITY_FLOOR:
            return
        counts = self.counts[level]
        (counts.right if is_right else counts.wrong)[_step(similarity)] += 1
        self.labels += 1
        if self.labels >= LABELS_MAX:
            self._halve()

    def _halve(self) -> None:
        self.requests //= 2
        for counts in self.counts.values():
            for column in (counts.asked, counts.right, counts.wrong):
                column[:] = [number // 2 for number in column]
        self.labels = sum(sum(each.right) + sum(each.wrong) for each in self.counts.values())


def bar_of(experience: Experience, limits: Limits) -> Bar:
    """The bar that answers most and keeps both limits; the start's where labels allow none."""
    start = _step(limits.start_similarity)
    kept = [
        (hits, bar)
        for level in GuardLevel
        if level <= limits.guards_min
        for step, (bar, _, hits) in enumerate(_bars(experience, level))
        if step <= start and _keeps(bar, limits)
    ]
    if kept:
        # Of those that answer as much, the nearest: what was never asked is not let through.
        return max(kept, key=lambda each: (each[0], each[1].similarity))[1]
    strict = _bars(experience, GuardLevel.STRICT)
    # Raised while what is labelled above it is wrong more often than allowed.
    for bar, wrong, _ in strict[start:]:
        if bar.labels < LABELS_MIN or wrong <= limits.wrong_per_hit_max * bar.labels:
            return bar
    return strict[-1][0]


def _bars(experience: Experience, level: GuardLevel) -> list[tuple[Bar, int, int]]:
    """For each step upwards: the bar there, the wrong labels that pass it, and who asked so."""
    passed = [counts for each, counts in experience.counts.items() if each <= level]
    right, wrong, asked = (
        _from_above(columns)
        for columns in (
            [counts.right for counts in passed],
            [counts.wrong for counts in passed],
            [counts.asked for counts in passed],
        )
    )
    requests = max(experience.requests, 1)
    bars = []
    for step in range(STEPS + 1):
        labels = right[step] + wrong[step]
        per_hit = wilson_upper(wrong[step], labels)
        per_request = per_hit * asked[step] / requests if experience.requests else 1.0
        bar = Bar(_similarity(step), level, per_hit, per_request, labels)
        bars.append((bar, wrong[step], asked[step]))
    return bars


def _from_above(columns: list[list[int]]) -> list[int]:
    """For each step, the sum of it and of all above it."""
    by_step = [sum(numbers) for numbers in zip(*columns, strict=True)]
    return list(accumulate(reversed(by_step)))[::-1]


def _keeps(bar: Bar, limits: Limits) -> bool:
    return (
        bar.labels >= LABELS_MIN
        and bar.wrong_per_hit_upper <= limits.wrong_per_hit_max
        and bar.wrong_per_request_upper <= limits.wrong_per_request_max
    )


def _step(similarity: float) -> int:
    """The step at or below `similarity`; rounding is guarded against, 0.95 is its own step."""
    width = (1 - SIMILARITY_FLOOR) / STEPS
    return max(0, min(STEPS, int((similarity - SIMILARITY_FLOOR) / width + 1e-9)))


def _similarity(step: int) -> float:
    return round(SIMILARITY_FLOOR + step * (1 - SIMILARITY_FLOOR) / STEPS, 6)
