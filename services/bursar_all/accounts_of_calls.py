"""Which event accounts for a call, among all that the log has of it."""

from __future__ import annotations

from bursar.efficiency.v1 import efficiency_pb2
from bursar.errors import NotFound
from bursar.eventlog.stream import StreamId
from bursar_quota.wire import USAGE

# What says what was used, before what merely led there.
_KINDS = ("usage.settled", "usage.recorded", "usage.expired", "usage.released", "usage.reserved")


def account_of(answer: efficiency_pb2.AuditResponse) -> tuple[StreamId, int]:
    """The partition and number of the last event of the first kind that there is.

    Raises NotFound where no money was ever involved.
    """
    for kind in _KINDS:
        found = [entry for entry in answer.entries if entry.kind == kind]
        if found:
            position = found[-1].position
            return StreamId(USAGE.name, position.partition), position.event_number
    raise NotFound("the log has nothing of it that money was set aside or used for")
