"""Writes a golden event for each kind that has none yet; what is there is never written again.

    python tests/contracts/golden_events.py

Every field of the payload is set, by its number, so that a field that changed its meaning shows.
"""

from __future__ import annotations

from pathlib import Path

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from bursar.events.v1 import cache_pb2, compression_pb2, event_pb2, plans_pb2, tasks_pb2

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "events"
AT_NS = 1_795_500_000_000_000_000
DEPTH_MAX = 4

# stream -> kind -> its payload
PAYLOADS: dict[str, dict[str, type[Message]]] = {
    "tasks": {
        "task.submitted": tasks_pb2.TaskSubmitted,
        "task.steps_recorded": tasks_pb2.StepsRecorded,
        "task.ended": tasks_pb2.TaskEnded,
        "task.cancel_requested": tasks_pb2.TaskCancelRequested,
        "task.judged": tasks_pb2.TaskJudged,
    },
    "cache": {
        "cache.hit": cache_pb2.CacheHit,
        "cache.miss": cache_pb2.CacheMiss,
        "cache.stored": cache_pb2.CacheStored,
        "cache.invalidated": cache_pb2.CacheInvalidated,
        "cache.evicted": cache_pb2.CacheEvicted,
        "cache.labelled": cache_pb2.CacheLabelled,
    },
    "plans": {
        "plan.made": plans_pb2.PlanMade,
        "plan.outcome_known": plans_pb2.PlanOutcomeKnown,
    },
    "compression": {"compression.applied": compression_pb2.CompressionApplied},
}


def path_of(stream: str, kind: str) -> Path:
    """Where the first version of a kind is kept."""
    return GOLDEN / stream / "v1" / f"{kind.partition('.')[2]}.bin"


def filled(message: Message, depth: int = 0) -> Message:
    """`message` with every field set to a value made of its number."""
    for field in message.DESCRIPTOR.fields:
        if depth < DEPTH_MAX:
            _fill(message, field, depth)
    return message


def _fill(message: Message, field: FieldDescriptor, depth: int) -> None:
    target = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        target["name"] = "value"
    elif field.message_type is not None:
        part = target.add() if field.is_repeated else target
        part.SetInParent()
        filled(part, depth + 1)
    elif field.is_repeated:
        target.append(_value(field))
    else:
        setattr(message, field.name, _value(field))


def _value(field: FieldDescriptor) -> str | bytes | bool | int | float:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            is_bytes = field.type == FieldDescriptor.TYPE_BYTES
            return bytes([field.number] * 4) if is_bytes else f"text-{field.number}"
        case FieldDescriptor.CPPTYPE_BOOL:
            return True
        case FieldDescriptor.CPPTYPE_ENUM:
            assert field.enum_type is not None
            return field.enum_type.values[-1].number
        case FieldDescriptor.CPPTYPE_DOUBLE:
            return field.number / 8
    return field.number


def envelope(stream: str, kind: str, payload: type[Message]) -> event_pb2.Event:
    """The event as its stream's writer would put it."""
    return event_pb2.Event(
        event_id=f"golden/{kind}",
        kind=kind,
        schema_version=1,
        tenant_id="golden",
        task_id="task_golden",
        call_id="call_golden",
        cause_id="cause_golden",
        trace_id=bytes(range(1, 17)),
        span_id=bytes(range(1, 9)),
        at_ns=AT_NS,
        payload=filled(payload()).SerializeToString(deterministic=True),
        skippable=stream != "tasks",
    )


def main() -> None:
    """Adds what is missing."""
    for stream, kinds in PAYLOADS.items():
        for kind, payload in kinds.items():
            path = path_of(stream, kind)
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(
                    envelope(stream, kind, payload).SerializeToString(deterministic=True)
                )


if __name__ == "__main__":
    main()
