"""One price a tenant: what a unit of cost must bring in quality for the tenant's target to be held.

Proportional and integral control of the quality that is seen: below the target the price falls and
dearer arms are chosen, above it rises. Cost is a share of the dearest arm's, from 0 to 1.
"""

from __future__ import annotations

from msgspec import Struct

STEP = 0.002
DEBT_STEP = 0.01
PRICE_FIRST = 0.1
PRICE_MIN, PRICE_MAX = -0.5, 1.0
DEBT_MAX = 50.0  # outcomes; so that a long drought does not outlast itself


class QualityPrice(Struct):
    """`debt` is the quality that is missing so far, in outcomes."""

    level: float = PRICE_FIRST
    debt: float = 0.0

    @property
    def value(self) -> float:
        """Quality that a unit of cost must bring; below zero where cost does not matter."""
        return self.level - DEBT_STEP * self.debt

    def learn(self, target: float, quality: float) -> None:
        missed = target - quality
        self.debt = min(max(self.debt + missed, -DEBT_MAX), DEBT_MAX)
        self.level = min(max(self.level - STEP * missed, PRICE_MIN), PRICE_MAX)
