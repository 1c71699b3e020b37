"""What an audit reads from the log itself: the events of one subject, each with its frame's
hash.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from bursar.efficiency.v1 import efficiency_pb2
from bursar.errors import InvalidRequest, LogBroken
from bursar.eventlog.frame import decode, frame_hash
from bursar.eventlog.log import EventLog
from bursar.eventlog.stream import StreamId
from bursar.events.v1 import event_pb2
from bursar.ledger.v1 import ledger_pb2


@dataclass(frozen=True, slots=True)
class Subject:
    """What an audit is about: one field of events, and its value."""

    field: str
    value: str | bytes
    tenant_id: str = ""

    @classmethod
    def of(cls, request: efficiency_pb2.AuditRequest) -> Subject:
        """Raises InvalidRequest where nothing is named, and for what is no trace."""
        field = request.WhichOneof("subject")
        if field is None:
            raise InvalidRequest.of("subject", "none", "name a task, a call or a trace")
        value: str | bytes = getattr(request, field)
        if field == "trace_id":
            try:
                value = bytes.fromhex(request.trace_id)
            except ValueError:
                remedy = "give 32 hexadecimal digits"
                raise InvalidRequest.of("trace_id", request.trace_id, remedy) from None
        return cls(field, value, request.tenant_id)

    @property
    def as_bytes(self) -> bytes:
        return self.value if isinstance(self.value, bytes) else self.value.encode()

    def __str__(self) -> str:
        return self.value.hex() if isinstance(self.value, bytes) else self.value

    def has(self, event: event_pb2.Event) -> bool:
        """Whether the event is of it, and of its tenant."""
        if self.tenant_id and event.tenant_id != self.tenant_id:
            return False
        return bool(getattr(event, self.field) == self.value)


@dataclass(frozen=True, slots=True)
class Found:
    """One event as it stands in the log."""

    event: event_pb2.Event
    position: ledger_pb2.Position
    frame_hash: bytes


async def events_of(
    log: EventLog, subject: Subject, places: Sequence[tuple[StreamId, int]]
) -> AsyncIterator[Found]:
    """The subject's events in those frames. Raises LogBroken where one is gone or damaged."""
    for stream, sequence in places:
        record = await log.get(stream, sequence)
        if record is None:
            raise LogBroken(
                f"frame {sequence} of {stream} is gone",
                facts={"stream": stream.name, "sequence": sequence},
            )
        frame, hashed = decode(record.frame, stream, sequence), frame_hash(record.frame)
        for index, event_bytes in enumerate(frame.events):
            event = event_pb2.Event.FromString(event_bytes)
            if subject.has(event):
                position = ledger_pb2.Position(
                    stream=stream.name,
                    partition=stream.partition,
                    sequence=sequence,
                    event_number=frame.header.first_event_number + index,
                    event_id=event.event_id,
                )
                yield Found(event, position, hashed)
