"""What the words of a task add to an arm's chance: a residual on the counts, in log odds.

AdaGrad (Duchi et al. 2011) on the logistic loss over marks weighted by inverse document frequency
and normalised; one set of weights is shared by all arms, for what is hard is hard for all.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from bursar_planner.domain.learned.marks import MARKS, Marks

RATE = 0.07
PART = 0.7  # of the shared weights and of the arm's own, each
SHARED = ""  # the arm of the shared weights
_FIRST_SQUARE = 1e-3

Vector = NDArray[np.float32]


class Weights(Struct):
    """Of one arm: by mark, and the sums of squared gradients."""

    by_mark: Vector
    squares: Vector


class Reading(Struct, frozen=True):
    """A text's marks and how much each tells."""

    marks: NDArray[np.intp]
    values: Vector


class TextWeights:
    """A weight a mark and arm, and how many texts had each mark."""

    def __init__(self) -> None:
        self.texts = 1
        self.texts_with = np.ones(MARKS, np.float32)
        self.by_arm: dict[str, Weights] = {}

    def reading(self, marks: Marks) -> Reading:
        index = marks.astype(np.intp)
        values = np.log(np.float32(self.texts + 1) / self.texts_with[index])
        length = float(np.sqrt(values @ values))
        return Reading(index, values / np.float32(length) if length else values)

    def score(self, reading: Reading, arm: str) -> float:
        """What the words add, in log odds."""
        return PART * sum(
            float(weights.by_mark[reading.marks] @ reading.values)
            for weights in (self.by_arm.get(SHARED), self.by_arm.get(arm))
            if weights is not None
        )

    def seen(self, reading: Reading) -> None:
        """Counts a text."""
        self.texts += 1
        self.texts_with[reading.marks] += 1

    def learn(self, reading: Reading, arm: str, error: float) -> None:
        """`error` is the quality seen less the one expected."""
        gradient = np.float32(-error) * reading.values
        squared = gradient * gradient
        for name in (SHARED, arm):
            weights = self.by_arm.get(name)
            if weights is None:
                weights = self.by_arm[name] = Weights(
                    np.zeros(MARKS, np.float32), np.full(MARKS, _FIRST_SQUARE, np.float32)
                )
            squares = weights.squares[reading.marks] + squared
            weights.squares[reading.marks] = squares
            weights.by_mark[reading.marks] -= np.float32(RATE) * gradient / np.sqrt(squares)
