"""What the log is told of a plan: all but the words of the task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bursar.eventlog.stream import StreamId
from bursar.events.v1 import plans_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2

STREAM = StreamId("plans")
MADE = "plan.made"
OUTCOME = "plan.outcome_known"
# An event has 16 KiB; the rest is for its envelope.
PAYLOAD_BYTES_MAX = 15 * 1024


@dataclass(frozen=True, slots=True)
class Description:
    """What the log has instead of a task's words: their keyed hash, and marks where they are
    learned from.
    """

    hmac: bytes
    marks: bytes = b""


def made_event(
    attribution: ledger_pb2.Attribution,
    task: planner_pb2.Task,
    plan: planner_pb2.Plan,
    description: Description,
) -> bytes:
    """The payload of `plan.made`, at most 15 KiB. `attribution` names no person.

    Of a plan that is larger, the log keeps less: first remedies go, then candidates, then what
    agents work with, then reasons.
    """
    made = plans_pb2.PlanMade(
        attribution=attribution,
        plan=plan,
        description_hmac=description.hmac,
        marks=description.marks,
        description_characters=len(task.description),
        required_capabilities=dict.fromkeys(task.required_capabilities),
    )
    for leave_out in _LESS:
        if made.ByteSize() <= PAYLOAD_BYTES_MAX:
            break
        leave_out(made.plan)
    return made.SerializeToString()


def _without_remedies(plan: planner_pb2.Plan) -> None:
    for candidate in plan.candidates:
        candidate.backend.ClearField("remedy")
        candidate.ClearField("reason")


def _without_candidates(plan: planner_pb2.Plan) -> None:
    plan.ClearField("candidates")


def _without_tools(plan: planner_pb2.Plan) -> None:
    for agent in plan.agents:
        agent.ClearField("tools")


def _without_reasons(plan: planner_pb2.Plan) -> None:
    plan.ClearField("reasons")


_LESS: tuple[Callable[[planner_pb2.Plan], None], ...] = (
    _without_remedies,
    _without_candidates,
    _without_tools,
    _without_reasons,
)
