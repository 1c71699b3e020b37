"""What is known of a past plan now, as the contract's message."""

from __future__ import annotations

from bursar.planner.v1 import planner_pb2 as contract
from bursar_planner.domain.learned.similar import similar
from bursar_planner.domain.learned.state import Decision, Learned


def explained(learned: Learned, decision: Decision) -> contract.ExplainResponse:
    """Each backend that ever worked on the class, best first, and the tasks that are most alike."""
    tallies = learned.counts.by_class.get(decision.task_class, {})
    reading = learned.words.reading(decision.marks)
    seen = learned.open[decision.plan_id].seen
    arms = [
        contract.ArmEvidence(
            backend_id=arm,
            success_probability=learned.chance(decision, reading, arm),
            outcomes=int(tally.outcomes),
            quality=seen.get(arm),
        )
        for arm, tally in tallies.items()
    ]
    arms.sort(key=lambda arm: (-arm.success_probability, arm.backend_id))
    return contract.ExplainResponse(
        plan_id=decision.plan_id,
        arms=arms,
        similar=[
            contract.SimilarTask(
                task_id=found.open.decision.task_id,
                plan_id=found.open.decision.plan_id,
                similarity=found.similarity,
                backend_id=backend_id,
                quality=quality,
            )
            for found in similar(learned, decision)
            for backend_id, quality in sorted(found.open.seen.items())
        ],
    )
