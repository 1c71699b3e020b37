"""The executor's events to bytes and back."""

from __future__ import annotations

from bursar.errors import LogBroken
from bursar.events.v1 import event_pb2, tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar_executor.domain import (
    CancelRequested,
    Command,
    Ended,
    Event,
    Judged,
    Origin,
    StepBatch,
    StepsRecorded,
    Submitted,
    Verdict,
)

SCHEMA_VERSION = 1
_KINDS: dict[type[Event], str] = {
    Submitted: "task.submitted",
    StepsRecorded: "task.steps_recorded",
    Ended: "task.ended",
    CancelRequested: "task.cancel_requested",
    Judged: "task.judged",
}


def encode(event: Event, command: Command, now_ns: int) -> bytes:
    """The envelope's bytes. The event id is made of the task's id and the event's place in its
    life.
    """
    origin = event.origin
    kind = _KINDS[type(event)]
    envelope = event_pb2.Event(
        event_id=_event_id(event, kind),
        kind=kind,
        schema_version=SCHEMA_VERSION,
        tenant_id=origin.tenant_id,
        task_id=origin.task_id,
        trace_id=origin.trace_id,
        span_id=origin.span_id,
        at_ns=now_ns,
        payload=_body(event),
    )
    if isinstance(event, Submitted) and origin.working_copy:
        envelope.working_copy.ParseFromString(origin.working_copy)
    return envelope.SerializeToString()


def _body(event: Event) -> bytes:
    if isinstance(event, CancelRequested):
        return tasks_pb2.TaskCancelRequested(task_id=event.origin.task_id).SerializeToString()
    if isinstance(event, Judged):
        verdict = executor_pb2.Verdict.ValueType(event.verdict)
        judged = tasks_pb2.TaskJudged(task_id=event.origin.task_id, verdict=verdict)
        return judged.SerializeToString()
    return event.batch.body if isinstance(event, StepsRecorded) else event.body


def _event_id(event: Event, kind: str) -> str:
    if isinstance(event, StepsRecorded):
        return f"{event.origin.task_id}/{event.batch.first_number}"
    return f"{event.origin.task_id}/{kind.removeprefix('task.')}"


def decode(event_bytes: bytes, number: int) -> Event | None:
    """None for an unknown kind that may be skipped; raises LogBroken for one that may not."""
    envelope = event_pb2.Event.FromString(event_bytes)
    origin = Origin(
        envelope.tenant_id,
        envelope.task_id,
        envelope.trace_id,
        envelope.span_id,
        envelope.working_copy.SerializeToString() if envelope.HasField("working_copy") else b"",
    )
    match envelope.kind:
        case "task.submitted":
            payload = tasks_pb2.TaskSubmitted.FromString(envelope.payload)
            return Submitted(origin, payload.operation_id, payload.fingerprint, envelope.payload)
        case "task.steps_recorded":
            steps = tasks_pb2.StepsRecorded.FromString(envelope.payload).steps
            first_number = steps[0].step_number if steps else 0
            return StepsRecorded(origin, StepBatch(first_number, envelope.payload))
        case "task.ended":
            return Ended(origin, envelope.payload)
        case "task.cancel_requested":
            return CancelRequested(origin)
        case "task.judged":
            return Judged(origin, _verdict(envelope.payload, number))
    if envelope.skippable:
        return None
    raise LogBroken(
        f"event {number} is of kind {envelope.kind!r}, which this version does not know; update it",
        facts={"event_number": number, "kind": envelope.kind},
    )


def _verdict(payload: bytes, number: int) -> Verdict:
    told = tasks_pb2.TaskJudged.FromString(payload).verdict
    try:
        return Verdict(told)
    except ValueError:
        raise LogBroken(
            f"event {number} has verdict {told}, which this version does not know; update it",
            facts={"event_number": number},
        ) from None
