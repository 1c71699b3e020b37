"""The same operation again: the same answer, and nothing happens twice."""

from __future__ import annotations

import re

from bursar.errors import Conflict, InvalidRequest
from bursar.eventlog.tentative import Undo
from bursar_quota.domain.answers import Answer
from bursar_quota.domain.commands import Operation
from bursar_quota.domain.events import Done
from bursar_quota.domain.old import segment_number
from bursar_quota.domain.state import NS_PER_HOUR, NS_PER_S, SEGMENT_NS, Remembered, State
from bursar_quota.domain.terms import Now

AHEAD_NS_MAX = 300 * NS_PER_S
_NS_PER_MS = 1_000_000
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.I)


def recalled(state: State, command: Operation) -> Answer | None:
    """The answer that this operation got before. Raises Conflict when its content differs."""
    operation_id = command.stamp.operation_id
    remembered = _find(state, operation_id)
    if remembered is None:
        return None
    if remembered.fingerprint == command.stamp.fingerprint:
        return remembered.answer
    raise Conflict(
        f"operation {operation_id} came before with other content; take a new id",
        facts={"operation_id": operation_id},
    )


def _find(state: State, operation_id: str) -> Remembered | None:
    for segment in state.operations.values():
        remembered = segment.get(operation_id)
        if remembered is not None:
            return remembered
    return state.old_operations.find(operation_id)


def refuse_ids_out_of_time(operation_id: str, now: Now) -> None:
    """Raises InvalidRequest for a UUIDv7 older than the horizon, of which it is no longer known
    whether it was done, and for one from the future, which would outlive it.
    """
    if operation_id[14:15] != "7" or _UUID7.fullmatch(operation_id) is None:
        return
    made_at_ns = int(operation_id[:8] + operation_id[9:13], 16) * _NS_PER_MS
    horizon_ns = now.terms.horizon_ns
    if made_at_ns < now.ns - horizon_ns:
        remedy = (
            f"it is older than {horizon_ns // NS_PER_HOUR} h, so what became of it is"
            " forgotten: look, then take a new id"
        )
        raise InvalidRequest.of("operation_id", operation_id, remedy)
    if made_at_ns > now.ns + AHEAD_NS_MAX:
        remedy = f"it is more than {AHEAD_NS_MAX // NS_PER_S} s ahead: set the clock right"
        raise InvalidRequest.of("operation_id", operation_id, remedy)


def remember(state: State, event: Done, answer: Answer, undo: Undo) -> None:
    """Keeps the answer under the operation's id, in the segment of its first sight."""
    number = segment_number(event.at_ns // SEGMENT_NS, event.number)
    segment = state.operations.get(number)
    if segment is None:
        segment = {}
        undo.put(state.operations, number, segment)
    undo.put(segment, event.operation_id, Remembered(event.fingerprint, answer))
