"""The policies this planner knows, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bursar.errors import InvalidRequest
from bursar_planner.domain import rules_v1
from bursar_planner.domain.plan import Plan, Question

if TYPE_CHECKING:
    from bursar_planner.domain.learned.experience import Experience


@dataclass(frozen=True, slots=True)
class Policy:
    """One way to plan. A name stands for one behaviour for ever: a change is a new name.

    What outcomes taught is given where they are followed; a policy that learns needs it.
    """

    name: str
    description: str
    plan: Callable[[Question, Experience | None], Plan]
    learns: bool = False


def _by_rules(question: Question, known: Experience | None) -> Plan:
    if known is None:
        return rules_v1.plan(question)
    from bursar_planner.domain.learned import observed_rules

    return observed_rules.plan(question, known)


def _by_outcomes(question: Question, known: Experience | None) -> Plan:
    from bursar_planner.domain.learned import learned_v1

    if known is None:
        raise InvalidRequest.of("policy", "learned-v1", "learn from outcomes, or use rules-v1")
    return learned_v1.plan(question, known)


POLICIES: dict[str, Policy] = {
    "rules-v1": Policy(rules_v1.NAME, rules_v1.DESCRIPTION, _by_rules),
    "learned-v1": Policy(
        "learned-v1",
        "the founding rules; who works is learned from outcomes, by uplift against cost at a price"
        " that holds the quality target",
        _by_outcomes,
        learns=True,
    ),
}


def policy_named(name: str) -> Policy:
    """Raises InvalidRequest for a name there is none of."""
    policy = POLICIES.get(name)
    if policy is None:
        raise InvalidRequest.of("planner.policy", name, f"use one of {', '.join(POLICIES)}")
    return policy
