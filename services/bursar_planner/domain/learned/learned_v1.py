"""Policy `learned-v1`: the founding rules, with the choice of who works learned from outcomes.

Levels, budgets, teams and limits stay the rules'. What changes is the order of models: by expected
quality against cost at one price a tenant, which holds the tenant's quality target. A paid API may
be chosen below the rules' complexity where its uplift is worth it; near a limit, or above a hard
one, never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bursar_planner.domain import rules_v1
from bursar_planner.domain.candidates import Candidate
from bursar_planner.domain.costs import expected_split, most_nano_usd
from bursar_planner.domain.learned.actions import Action, Decided, decide
from bursar_planner.domain.learned.arms import arms_of, eligible
from bursar_planner.domain.learned.choice import Arm
from bursar_planner.domain.learned.experience import Experience
from bursar_planner.domain.plan import Budget, LearnedChoice, Plan, Question
from bursar_planner.domain.task import Task

NAME = "learned-v1"
VALIDATED = frozenset({"testing", "linting", "code_generation", "refactoring", "debugging"})


def plan(question: Question, known: Experience) -> Plan:
    """The rules' plan, its models in the order that outcomes give them."""
    base = rules_v1.plan(question)
    opened = _opened(question, base)
    candidates = eligible(opened.candidates, question.task)
    if not candidates:
        return replace(base, policy=NAME)
    has_validator = not VALIDATED.isdisjoint(question.task.required_capabilities)
    # The rules' own order first: what they would do is the first arm of a class that is new.
    ordered = _as_ruled(candidates, base)
    found = decide(arms_of(ordered, known), known, has_validator=has_validator)
    used = found.arms[: 2 if found.action is Action.CASCADE else 1]
    is_paid = any(_named(candidates, arm).backend.is_paid for arm in used)
    chosen_plan = opened if is_paid else base
    return replace(
        chosen_plan,
        policy=NAME,
        budget=_budget(chosen_plan.budget, [_named(candidates, arm) for arm in used], question),
        candidates=_reordered(chosen_plan.candidates, found.arms, known),
        reasons=(*chosen_plan.reasons, *_reasons(found, known)),
        learned=_choice(found, known, chosen_plan, question.task),
    )


def _budget(budget: Budget, used: Sequence[Candidate], question: Question) -> Budget:
    """A cascade may call twice; its tokens may all go to the dearer of both."""
    if len(used) < 2:
        return budget
    paid = sum(candidate.backend.is_paid for candidate in used)
    costs = [
        most_nano_usd(candidate.backend, budget.max_tokens, question.prices) for candidate in used
    ]
    known = [cost for cost in costs if cost is not None]
    return replace(
        budget,
        max_api_calls=max(budget.max_api_calls, paid),
        max_cost_nano_usd=max(known) if len(known) == len(costs) else None,
    )


def _opened(question: Question, base: Plan) -> Plan:
    """The plan with paid APIs allowed whatever the complexity; the rules' own near a limit."""
    if base.is_api_used or base.is_near_limit:
        return base
    task = replace(question.task, is_api_requested=True)
    return rules_v1.plan(replace(question, task=task))


def _as_ruled(candidates: Sequence[Candidate], base: Plan) -> tuple[Candidate, ...]:
    place = {
        candidate.backend.backend_id: number
        for number, candidate in enumerate(base.candidates)
        if candidate.backend.is_available
    }
    last = len(place)
    return tuple(
        sorted(candidates, key=lambda candidate: place.get(candidate.backend.backend_id, last))
    )


def _named(candidates: Sequence[Candidate], arm: Arm) -> Candidate:
    return next(found for found in candidates if found.backend.backend_id == arm.name)


def _reordered(
    candidates: Sequence[Candidate], arms: Sequence[Arm], known: Experience
) -> tuple[Candidate, ...]:
    """Learned arms take the places that they have among themselves; all others stay."""
    by_name = {candidate.backend.backend_id: candidate for candidate in candidates}
    ordered = [
        replace(
            by_name[arm.name],
            chance=arm.chance,
            outcomes=int(arm.outcomes),
            expected_duration_ns=known.learned.duration_ns(known.decision.task_class, arm.name),
        )
        for arm in arms
        if arm.name in by_name and by_name[arm.name].backend.is_available
    ]
    names = {candidate.backend.backend_id for candidate in ordered}
    following = iter(ordered)
    return tuple(
        next(following) if candidate.backend.backend_id in names else candidate
        for candidate in candidates
    )


def _reasons(found: Decided, known: Experience) -> tuple[str, ...]:
    task_class, learned = known.decision.task_class, known.learned
    said = ", ".join(
        f"{arm.name} {arm.chance:.0%} ({arm.outcomes:,.0f} outcomes)" for arm in found.arms
    )
    target = known.decision.target
    sentences = [f"expected to succeed at {task_class or 'such tasks'}: {said}"]
    if found.action is Action.CASCADE:
        sentences.append(
            f"{found.arms[0].name} tries first and a validator judges: worth more than either alone"
        )
    sentences.append(_GROUNDS[found.choice.ground].format(target=target, price=found.price))
    if learned.changes_of(task_class):
        sentences.append(
            f"a model was found changed {learned.changes_of(task_class)} times here, and what was"
            " known of it before is forgotten"
        )
    return tuple(sentences)


_GROUNDS = {
    "outcomes": "most quality for its cost at price {price:.2f}, which holds target {target:.0%}",
    "rules": "too few outcomes of this class yet: the rules choose",
    "shadow": "too few outcomes of this class yet: another than the rules' choice is tried out",
    "target": "quality is below the target {target:.0%}: the best known is taken",
}


def _choice(found: Decided, known: Experience, plan: Plan, task: Task) -> LearnedChoice:
    split = expected_split(task, plan.budget.max_tokens)
    return LearnedChoice(
        task_class=known.decision.task_class,
        action=int(found.action),
        propensity=found.choice.propensity,
        ground=found.choice.ground,
        price=found.price,
        known_outcomes=known.learned.outcomes,
        target=known.decision.target,
        output_rungs_tokens=known.learned.output_rungs_tokens(
            known.decision.task_class, split.input_tokens, split.output_tokens
        ),
    )
