"""The rules' own choice, noted so that its outcomes can be learned from."""

from __future__ import annotations

from dataclasses import replace

from bursar_planner.domain import rules_v1
from bursar_planner.domain.learned.actions import Action
from bursar_planner.domain.learned.experience import Experience
from bursar_planner.domain.plan import LearnedChoice, Plan, Question


def plan(question: Question, known: Experience) -> Plan:
    """The rules' plan, with what it was decided on."""
    decision = known.decision
    choice = LearnedChoice(
        task_class=decision.task_class,
        action=int(Action.SINGLE),
        propensity=1.0,
        ground="rules",
        price=known.learned.price_of(decision.tenant_id).value,
        known_outcomes=known.learned.outcomes,
        target=decision.target,
    )
    return replace(rules_v1.plan(question), learned=choice)
