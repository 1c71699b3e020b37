"""The candidates among which outcomes decide: models that could do what free tools do not."""

from __future__ import annotations

from collections.abc import Sequence

from bursar_planner.domain.candidates import Candidate
from bursar_planner.domain.learned.choice import ARMS_MAX, Arm
from bursar_planner.domain.learned.experience import Experience
from bursar_planner.domain.task import Task
from bursar_planner.domain.vocabulary import Tier


def eligible(candidates: Sequence[Candidate], task: Task) -> tuple[Candidate, ...]:
    """At most five, in the order given. None where a model was asked for by name, where free tools
    cover all that is required, or where a price is unknown: what cannot be priced is not ranked.
    """
    able = [candidate for candidate in candidates if candidate.backend.is_available]
    if any(candidate.is_requested for candidate in able):
        return ()
    left = set(task.required_capabilities)
    for candidate in able:
        if _is_tool(candidate):
            left.difference_update(candidate.covers)
    if task.required_capabilities and not left:
        return ()
    models = (
        candidate
        for candidate in able
        if not _is_tool(candidate)
        and candidate.expected_cost_nano_usd is not None
        and left.issubset(candidate.covers)
    )
    return tuple(models)[:ARMS_MAX]


def arms_of(candidates: Sequence[Candidate], known: Experience) -> tuple[Arm, ...]:
    """What outcomes say of each candidate; its cost as a share of the dearest one's.

    Of a class that few outcomes are known of, the words are not asked: text alone misleads there.
    """
    learned, decision = known.learned, known.decision
    costs = [candidate.expected_cost_nano_usd or 0 for candidate in candidates]
    dearest = max(costs, default=0) or 1
    is_known = learned.knows(decision.task_class)
    reading = learned.words.reading(decision.marks) if is_known else None
    return tuple(
        Arm(
            name=candidate.backend.backend_id,
            chance=learned.chance(decision, reading, candidate.backend.backend_id),
            outcomes=learned.counts.outcomes(
                decision.tenant_id, decision.task_class, candidate.backend.backend_id
            ),
            cost_share=cost / dearest,
        )
        for candidate, cost in zip(candidates, costs, strict=True)
    )


def _is_tool(candidate: Candidate) -> bool:
    return candidate.backend.target.tier is Tier.LOCAL_TOOL
