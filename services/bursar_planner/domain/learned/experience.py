"""What a plan by a learned policy is made of, beside the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bursar_planner.domain.learned.state import Decision, Learned


@dataclass(frozen=True, slots=True)
class Experience:
    """What outcomes taught, the decision that is to be taken, and its coins, each from 0 to 1."""

    learned: Learned
    decision: Decision
    coins: Sequence[float]
