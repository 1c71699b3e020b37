"""The policies this planner knows, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bursar.errors import InvalidRequest
from bursar_planner.domain import rules_v1
from bursar_planner.domain.plan import Plan, Question


@dataclass(frozen=True, slots=True)
class Policy:
    """One way to plan. A name stands for one behaviour for ever: a change is a new name."""

    name: str
    description: str
    plan: Callable[[Question], Plan]


POLICIES: dict[str, Policy] = {
    rules_v1.NAME: Policy(rules_v1.NAME, rules_v1.DESCRIPTION, rules_v1.plan),
}


def policy_named(name: str) -> Policy:
    """Raises InvalidRequest for a name there is none of."""
    policy = POLICIES.get(name)
    if policy is None:
        raise InvalidRequest.of("planner.policy", name, f"use one of {', '.join(POLICIES)}")
    return policy
