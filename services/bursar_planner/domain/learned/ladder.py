"""How many tokens a call will write: a ladder of quantiles by class and length of what it reads.

The first rung is what is held at first, the next what is added when the answer is longer. Rungs
that too few calls have shown yet stand at twice the longest seen, or at the bound.
"""

from __future__ import annotations

from math import ceil

from msgspec import Struct, field

from bursar_planner.domain.learned.quantile import Quantile

SHARES = (0.5, 0.8, 0.95, 0.98, 0.997)
LENGTHS = 8
CALLS_LEAST = 30


def _quantiles() -> list[Quantile]:
    return [Quantile(share) for share in SHARES]


def _boundaries() -> list[Quantile]:
    return [Quantile(number / LENGTHS) for number in range(1, LENGTHS)]


class Rungs(Struct):
    """Quantiles of what the calls of one kind wrote."""

    quantiles: list[Quantile] = field(default_factory=_quantiles)
    calls: int = 0
    longest_tokens: int = 0

    def add(self, output_tokens: int) -> None:
        self.calls += 1
        self.longest_tokens = max(self.longest_tokens, output_tokens)
        for quantile in self.quantiles:
            quantile.add(output_tokens)

    def tokens(self, bound_tokens: int) -> tuple[int, ...]:
        """One a share, none below the one before, none above the bound."""
        rungs: list[int] = []
        for quantile in self.quantiles:
            known = quantile.value
            if known is None or self.calls * (1 - quantile.share) < 1:
                known = 2.0 * self.longest_tokens
            rungs.append(min(bound_tokens, max(1, ceil(known), *rungs)))
        return tuple(rungs)


class Ladder(Struct):
    """Of one task class: calls are told apart by how much they read, in quarters."""

    boundaries: list[Quantile] = field(default_factory=_boundaries)
    by_length: list[Rungs] = field(default_factory=lambda: [Rungs() for _ in range(LENGTHS)])
    all: Rungs = field(default_factory=Rungs)

    def rungs(self, input_tokens: int, bound_tokens: int) -> tuple[int, ...]:
        """Holds in tokens, lowest first; the bound alone before 30 calls are known."""
        own = self.by_length[self._length(input_tokens)]
        known = own if own.calls >= CALLS_LEAST else self.all
        return (bound_tokens,) if known.calls < CALLS_LEAST else known.tokens(bound_tokens)

    def learn(self, input_tokens: int, output_tokens: int) -> None:
        self.by_length[self._length(input_tokens)].add(output_tokens)
        self.all.add(output_tokens)
        for boundary in self.boundaries:
            boundary.add(input_tokens)

    def _length(self, input_tokens: int) -> int:
        """0 for the shortest quarter, 3 for the longest."""
        passed = 0
        for boundary in self.boundaries:
            value = boundary.value
            passed += value is not None and input_tokens > value
        return passed
