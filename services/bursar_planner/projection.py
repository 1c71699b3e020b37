"""The fold of the `plans` stream: what outcomes taught, in the stream's own order."""

from __future__ import annotations

from bursar.events.v1 import event_pb2, plans_pb2
from bursar_planner import wire
from bursar_planner.domain.learned.marks import marks_from
from bursar_planner.domain.learned.state import Decision, Learned, Outcome


def apply(learned: Learned, event_bytes: bytes, number: int) -> Learned:
    """Plans of policies that do not learn, and kinds that are not known, change nothing."""
    event = event_pb2.Event.FromString(event_bytes)
    match event.kind:
        case wire.MADE:
            made = plans_pb2.PlanMade.FromString(event.payload)
            if made.plan.HasField("decision"):
                learned.decided(decision_of(event.tenant_id, made))
        case wire.OUTCOME:
            learned.ended(outcome_of(plans_pb2.PlanOutcomeKnown.FromString(event.payload)))
    return learned


def decision_of(tenant_id: str, made: plans_pb2.PlanMade) -> Decision:
    """What a plan was decided on."""
    return Decision(
        plan_id=made.plan.plan_id,
        tenant_id=tenant_id,
        task_class=made.plan.decision.task_class,
        marks=marks_from(made.marks),
        target=made.plan.decision.quality_target,
        task_id=made.attribution.task_id,
    )


def outcome_of(known: plans_pb2.PlanOutcomeKnown) -> Outcome:
    """What became of a plan at one backend."""
    return Outcome(
        plan_id=known.plan_id,
        arm=known.backend_id,
        quality=known.quality,
        input_tokens=known.usage.input_tokens,
        output_tokens=known.usage.output_tokens,
        duration_ns=known.duration_ns,
        tasks_number=known.tasks_number,
        was_accepted=known.was_accepted if known.HasField("was_accepted") else None,
    )
