"""From arms to an action: one arm, or a cheap one with a stronger behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from bursar_planner.domain.learned.cascade import AcceptRates, Pair, expected
from bursar_planner.domain.learned.choice import Arm, Choice, begun, chosen
from bursar_planner.domain.learned.experience import Experience


class Action(IntEnum):
    """Numbers as in the contract."""

    SINGLE = 1
    CASCADE = 2


@dataclass(frozen=True, slots=True)
class Decided:
    """The arms in the order they are to be tried, the choice of the first, and the price it was
    made at.
    """

    action: Action
    arms: tuple[Arm, ...]
    choice: Choice
    price: float


def decide(arms: Sequence[Arm], known: Experience, *, has_validator: bool) -> Decided:
    """`arms` in the rules' order, at least one."""
    learned, decision = known.learned, known.decision
    price = learned.price_of(decision.tenant_id)
    is_known = learned.knows(decision.task_class)
    if is_known:
        choice = chosen(arms, price.value, known.coins[: len(arms)])
    else:
        choice = begun(arms, price.debt, known.coins[0])
    others = sorted(
        (arm for arm in arms if arm is not choice.arm),
        key=lambda arm: (-arm.worth(price.value), arm.name),
    )
    ordered = (choice.arm, *others)
    if has_validator and is_known and (pair := _worthwhile(arms, choice.arm, known, price.value)):
        rest = tuple(arm for arm in ordered if arm not in pair)
        return Decided(Action.CASCADE, (*pair, *rest), choice, price.value)
    return Decided(Action.SINGLE, ordered, choice, price.value)


def _worthwhile(
    arms: Sequence[Arm], single: Arm, known: Experience, price: float
) -> tuple[Arm, Arm] | None:
    """The pair whose cascade is worth most, where that is more than the single arm's worth."""
    rates = known.learned.accepts.get(known.decision.task_class, AcceptRates())
    best, found = single.worth(price), None
    for cheap in arms:
        for strong in arms:
            if cheap.cost_share >= strong.cost_share or cheap.chance >= strong.chance:
                continue
            both = Pair(cheap.chance, strong.chance, cheap.cost_share, strong.cost_share)
            promised = expected(both, rates.of_right, rates.of_wrong)
            worth = promised.quality - price * promised.cost
            if worth > best:
                best, found = worth, (cheap, strong)
    return found
