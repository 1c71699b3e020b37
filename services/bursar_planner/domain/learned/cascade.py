"""Cheap, validate, strong: what it costs and how good it is, before it is tried.

With p the chance that the cheap answer is right, t and f how often a validator accepts right and
wrong ones: the strong arm is asked with probability 1 - (p t + (1 - p) f).
"""

from __future__ import annotations

from msgspec import Struct

STRONG_GIVEN_RIGHT = 0.92  # the strong arm is better on what the cheap one gets right
STRONG_GIVEN_WRONG = 0.56
ACCEPTS_RIGHT, ACCEPTS_WRONG = 0.9, 0.5  # before a class has shown its own
RATE_WEIGHT = 10.0


class AcceptRates(Struct):
    """How a class's validator judged answers whose rightness became known."""

    right: float = 0.0
    right_accepted: float = 0.0
    wrong: float = 0.0
    wrong_accepted: float = 0.0

    def learn(self, *, is_right: bool, is_accepted: bool) -> None:
        if is_right:
            self.right += 1
            self.right_accepted += is_accepted
        else:
            self.wrong += 1
            self.wrong_accepted += is_accepted

    @property
    def of_right(self) -> float:
        return (self.right_accepted + RATE_WEIGHT * ACCEPTS_RIGHT) / (self.right + RATE_WEIGHT)

    @property
    def of_wrong(self) -> float:
        return (self.wrong_accepted + RATE_WEIGHT * ACCEPTS_WRONG) / (self.wrong + RATE_WEIGHT)


class Expected(Struct, frozen=True):
    """Quality from 0 to 1 and cost in whatever unit the arms' costs have."""

    quality: float
    cost: float


class Pair(Struct, frozen=True):
    """A cheap and a strong arm, and what the validator costs."""

    cheap_chance: float
    strong_chance: float
    cheap_cost: float
    strong_cost: float
    validator_cost: float = 0.0


def expected(pair: Pair, accepts_right: float, accepts_wrong: float) -> Expected:
    """What a cascade brings. Raises nothing; rates are from 0 to 1."""
    p = pair.cheap_chance
    given_right, given_wrong = _strong_given(pair)
    accepted_right, accepted_wrong = p * accepts_right, (1 - p) * accepts_wrong
    quality = (
        accepted_right
        + p * (1 - accepts_right) * given_right
        + (1 - p) * (1 - accepts_wrong) * given_wrong
    )
    asked = 1 - (accepted_right + accepted_wrong)
    return Expected(quality, pair.cheap_cost + pair.validator_cost + asked * pair.strong_cost)


def _strong_given(pair: Pair) -> tuple[float, float]:
    """The strong arm's chance where the cheap one is right and where it is wrong.

    In the measured proportion, scaled so that both together give the strong arm's own chance.
    """
    p = pair.cheap_chance
    usual = p * STRONG_GIVEN_RIGHT + (1 - p) * STRONG_GIVEN_WRONG
    scale = pair.strong_chance / usual
    given_right = min(1.0, STRONG_GIVEN_RIGHT * scale)
    rest = pair.strong_chance - p * given_right
    return given_right, min(1.0, max(0.0, rest / (1 - p)))
