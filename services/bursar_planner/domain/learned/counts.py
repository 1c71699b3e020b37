"""How often each arm succeeded: by tenant and class, on what all tenants saw of the class, on all.

A Beta posterior's mean at each floor, the floor above as its prior (weight 5); an arm that a class
has not seen yet starts from how hard the class was for others.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log

from msgspec import Struct

PRIOR_WEIGHT = 5.0
CARRIED_OVER = 0.4  # how much of a class's difficulty for other arms an arm is expected to share
WELL_KNOWN = 50
CHANCE_MIN, CHANCE_MAX = 0.02, 0.98


class Tally(Struct):
    """Outcomes seen, and the sum of their qualities, each from 0 to 1."""

    outcomes: float = 0.0
    quality: float = 0.0

    def add(self, quality: float) -> None:
        self.outcomes += 1.0
        self.quality += quality

    def mean(self, prior: float) -> float:
        return (self.quality + PRIOR_WEIGHT * prior) / (self.outcomes + PRIOR_WEIGHT)


Tallies = dict[str, Tally]
"""By arm."""


class Counts:
    """Tallies at three floors."""

    def __init__(self) -> None:
        self.everywhere: Tallies = {}
        self.by_class: dict[str, Tallies] = {}
        self.by_tenant: dict[tuple[str, str], Tallies] = {}  # tenant and class

    def chance(self, tenant_id: str, task_class: str, arm: str) -> float:
        """The expected quality of `arm`, from 0.02 to 0.98; one half where nothing is known."""
        in_class = self.by_class.get(task_class, {})
        own = self.by_tenant.get((tenant_id, task_class), {}).get(arm, _NONE)
        others = _less(in_class.get(arm, _NONE), own)
        return bounded(own.mean(others.mean(self._prior(in_class, arm))))

    def outcomes(self, tenant_id: str, task_class: str, arm: str) -> float:
        """How many of the tenant's own outcomes of the class are known."""
        tally = self.by_tenant.get((tenant_id, task_class), {}).get(arm)
        return 0.0 if tally is None else tally.outcomes

    def add(self, tenant_id: str, task_class: str, arm: str, quality: float) -> None:
        for tally in self._tallies(tenant_id, task_class, arm):
            tally.add(quality)

    def correct(self, tenant_id: str, task_class: str, arm: str, changed: float) -> None:
        """Changes the quality of an outcome that was added before."""
        for tally in self._tallies(tenant_id, task_class, arm):
            tally.quality += changed

    def forget(self, tenant_id: str, task_class: str, arm: str) -> None:
        """Drops what was known of an arm in a class: it is not what it was."""
        for tallies in (
            self.by_class.get(task_class, {}),
            self.by_tenant.get((tenant_id, task_class), {}),
        ):
            tallies.pop(arm, None)

    def _tallies(self, tenant_id: str, task_class: str, arm: str) -> Iterator[Tally]:
        for tallies in (
            self.everywhere,
            self.by_class.setdefault(task_class, {}),
            self.by_tenant.setdefault((tenant_id, task_class), {}),
        ):
            yield tallies.setdefault(arm, Tally())

    def _prior(self, in_class: Tallies, arm: str) -> float:
        """The arm's chance anywhere, shifted by how much harder the class is for the others.

        Once the class knows the arm well, the shift no longer matters and is left out.
        """
        if in_class.get(arm, _NONE).outcomes >= WELL_KNOWN:
            return self._anywhere(arm)
        shifts = [
            logit(bounded(tally.mean(self._anywhere(other)))) - logit(self._anywhere(other))
            for other, tally in in_class.items()
            if other != arm
        ]
        shift = CARRIED_OVER * sum(shifts) / len(shifts) if shifts else 0.0
        return logistic(logit(self._anywhere(arm)) + shift)

    def _anywhere(self, arm: str) -> float:
        tally = self.everywhere.get(arm)
        if tally is None:
            return 0.5
        return bounded((tally.quality + 1.0) / (tally.outcomes + 2.0))


def bounded(chance: float) -> float:
    return min(max(chance, CHANCE_MIN), CHANCE_MAX)


def logit(chance: float) -> float:
    return log(chance / (1.0 - chance))


def logistic(score: float) -> float:
    return 1.0 / (1.0 + exp(-score))


def _less(all_of: Tally, part: Tally) -> Tally:
    return Tally(all_of.outcomes - part.outcomes, all_of.quality - part.quality)


_NONE = Tally()
