"""A cascade over recorded outcomes with a simulated validator, against routing at equal cost."""

from __future__ import annotations

import random
from collections.abc import Sequence

from routing.outcomes import STRONG, WEAK, Question

ACCEPTS_RIGHT, ACCEPTS_WRONG = 0.9, 0.2
COST_RATIO = 20.0
RIGHT = 0.5


def gain(scored: Sequence[Question], uplift: Sequence[float], seed: int) -> float:
    """Quality of trying the weak model first, less that of the learned router at the same cost."""
    coins = random.Random(seed)
    quality, asked = 0.0, 0
    for question in scored:
        weak = question.quality[WEAK]
        rate = ACCEPTS_RIGHT if weak >= RIGHT else ACCEPTS_WRONG
        is_accepted = coins.random() < rate
        quality += weak if is_accepted else question.quality[STRONG]
        asked += not is_accepted
    # The cascade pays for both where it escalates; the router for one.
    strong_share = asked * COST_RATIO / (len(scored) * (COST_RATIO - 1))
    return (quality - _routed(scored, uplift, strong_share)) / len(scored)


def _routed(scored: Sequence[Question], uplift: Sequence[float], strong_share: float) -> float:
    order = sorted(range(len(scored)), key=lambda index: (-uplift[index], index))
    strong = set(order[: round(strong_share * len(scored))])
    return sum(
        question.quality[STRONG if index in strong else WEAK]
        for index, question in enumerate(scored)
    )
