"""Usage that had no reservation: calls made elsewhere, and what a tool reports of itself."""

from __future__ import annotations

from bursar_quota.domain.admission import matching
from bursar_quota.domain.answers import Recorded
from bursar_quota.domain.commands import RecordUsage
from bursar_quota.domain.decision import Decided, caused
from bursar_quota.domain.events import UsageRecorded
from bursar_quota.domain.levels import Move
from bursar_quota.domain.meters import by_meter
from bursar_quota.domain.state import State
from bursar_quota.domain.terms import Now


def record_usage(state: State, command: RecordUsage, now: Now) -> Decided:
    """Counts on every limit that matches, now. Never refused: it has happened."""
    used_by = by_meter(command.used)
    moves: list[Move] = []
    for entry in matching(state, command.attribution, command.target):
        limit = entry.limit
        window = now.terms.calendar.window(limit.window, limit.time_zone, now.ns)
        used = used_by[limit.meter]
        moves.append(Move(limit.limit_id, window.window_id, used, 0, window.ends_at_ns))
    number = state.now.event_number + 1
    event = UsageRecorded(
        number=number,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        attribution=command.attribution,
        target=command.target,
        used=command.used,
        moves=tuple(moves),
    )
    return caused(event, Recorded(number))
