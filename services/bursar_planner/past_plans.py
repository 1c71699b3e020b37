"""The plans of the past, read from the log with what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from bursar.eventlog.log import Cursor, EventLog
from bursar.eventlog.projection import Projection
from bursar.eventlog.writers import WriterChains
from bursar.events.v1 import event_pb2, plans_pb2
from bursar.planner.v1 import planner_pb2
from bursar_planner import wire
from bursar_planner.domain.learned.state import Decision
from bursar_planner.projection import decision_of


@dataclass(frozen=True, slots=True)
class PastPlan:
    """A plan as it was told, and the quality of each backend's work that became known."""

    decision: Decision
    at_ns: int
    plan: planner_pb2.Plan
    quality: dict[str, float] = field(default_factory=dict)


async def past_plans(log: EventLog, tenant_id: str) -> list[PastPlan]:
    """All of a tenant's plans that were made while outcomes were learned from, oldest first."""

    def apply(found: dict[str, PastPlan], event_bytes: bytes, number: int) -> dict[str, PastPlan]:
        event = event_pb2.Event.FromString(event_bytes)
        if event.tenant_id != tenant_id:
            return found
        if event.kind == wire.MADE:
            made = plans_pb2.PlanMade.FromString(event.payload)
            if made.plan.HasField("decision"):
                decision = decision_of(tenant_id, made)
                found[decision.plan_id] = PastPlan(decision, event.at_ns, made.plan)
        elif event.kind == wire.OUTCOME:
            known = plans_pb2.PlanOutcomeKnown.FromString(event.payload)
            if known.plan_id in found:
                found[known.plan_id].quality[known.backend_id] = known.quality
        return found

    chains = WriterChains(Cursor(wire.STREAM))
    projection: Projection[dict[str, PastPlan]] = Projection({}, chains, apply)
    tail = await log.tail(wire.STREAM)
    await projection.catch_up(log, tail.sequence)
    return list(projection.state.values())
