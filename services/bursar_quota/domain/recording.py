"""Usage that had no reservation: calls made elsewhere, and what a tool reports of itself."""

from __future__ import annotations

from bursar_quota.domain.admission import meet
from bursar_quota.domain.answers import Recorded
from bursar_quota.domain.commands import RecordUsage
from bursar_quota.domain.decision import Decided, caused
from bursar_quota.domain.events import UsageRecorded
from bursar_quota.domain.state import State
from bursar_quota.domain.terms import Now


def record_usage(state: State, command: RecordUsage, now: Now) -> Decided:
    """Counts on every limit that matches, now. Never refused: it has happened."""
    met = meet(state, command.attribution, command.target, now)
    number = state.now.event_number + 1
    event = UsageRecorded(
        number=number,
        at_ns=now.ns,
        operation_id=command.stamp.operation_id,
        fingerprint=command.stamp.fingerprint,
        origin=command.origin,
        attribution=command.attribution,
        target=command.target,
        used=command.used,
        buckets=met.numbers,
        opened=met.opened,
    )
    return caused(event, Recorded(number))
