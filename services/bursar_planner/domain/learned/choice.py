"""Which arm a task is given: the most quality for its cost, by Thompson sampling within a bound.

The coin comes with the question, so the same state, task and coin give the same choice. The chance
with which the chosen one was chosen goes into the log, for off-policy evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erf, sqrt
from statistics import NormalDist

import numpy as np
from msgspec import Struct

ARMS_MAX = 5
OUTCOMES_KNOWN = 35  # of a class, before its own outcomes decide
EXPLORED = 0.1  # of a class's first tasks go to another arm than the rules'
EXPLORATION_DEBT_MAX = 5.0  # missing quality, in outcomes, above which nothing is tried out
_SPREAD_WEIGHT = 2.0  # outcomes that stand for what nobody has seen
_NORMAL = NormalDist()
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(15)


class Arm(Struct, frozen=True):
    """One candidate: `chance` of success, how many outcomes tell it, and its cost as a share of the
    dearest arm's.
    """

    name: str
    chance: float
    outcomes: float
    cost_share: float

    @property
    def spread(self) -> float:
        """One standard deviation of what its chance may be."""
        return sqrt(self.chance * (1 - self.chance) / (self.outcomes + _SPREAD_WEIGHT + 1))

    def worth(self, price: float) -> float:
        return self.chance - price * self.cost_share


class Choice(Struct, frozen=True):
    """The arm, the chance it had of being chosen, and why in a word."""

    arm: Arm
    propensity: float
    ground: str


def chosen(arms: Sequence[Arm], price: float, coins: Sequence[float]) -> Choice:
    """By a draw from what each arm's worth may be. `coins` are from 0 to 1, one an arm."""
    draws = [
        arm.worth(price) + arm.spread * _NORMAL.inv_cdf(min(max(coin, 1e-9), 1 - 1e-9))
        for arm, coin in zip(arms, coins, strict=True)
    ]
    best = max(range(len(arms)), key=lambda index: (draws[index], -index))
    return Choice(arms[best], _propensity(arms, best, price), "outcomes")


def begun(arms: Sequence[Arm], debt: float, coin: float) -> Choice:
    """For a class of which little is known; `arms` in the rules' order.

    The rules' own arm, now and then another; and where quality is missing, the one that is the best
    anywhere.
    """
    if debt > EXPLORATION_DEBT_MAX:
        return Choice(max(arms, key=lambda arm: arm.chance), 1.0, "target")
    others = len(arms) - 1
    if not others or coin >= EXPLORED:
        return Choice(arms[0], 1.0 - EXPLORED if others else 1.0, "rules")
    return Choice(arms[1 + int(coin / EXPLORED * others)], EXPLORED / others, "shadow")


def _propensity(arms: Sequence[Arm], best: int, price: float) -> float:
    """The chance that this arm's draw is the highest, by quadrature over its own draw."""
    mean, spread = arms[best].worth(price), arms[best].spread
    others = [(arm.worth(price), arm.spread) for index, arm in enumerate(arms) if index != best]
    total = 0.0
    for node, weight in zip(_NODES.tolist(), _NODE_WEIGHTS.tolist(), strict=True):
        below = weight
        for other_mean, other_spread in others:
            below *= 0.5 * (1 + erf((mean + spread * node - other_mean) / (other_spread * sqrt(2))))
        total += below
    return float(total / _NODE_WEIGHTS.sum())
