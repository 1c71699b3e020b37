"""One tree of errors: what went wrong, for whom, and what they can do about it.

The domain raises these; `bursar.rpc.status` carries them over gRPC and back to the same class, so a
caller cannot tell whether the service it asked stands in its own process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """What a caller does about an error. Maps one to one onto a gRPC status in
    `bursar.rpc.status`.
    """

    INVALID = "invalid"  # mends the request
    MISSING = "missing"  # names what exists
    CONFLICT = "conflict"  # reads again, decides again
    EXHAUSTED = "exhausted"  # waits or asks for less
    UNAVAILABLE = "unavailable"  # retries with backoff, the same operation id
    LATE = "late"  # on money: retries with the same operation id
    UNKNOWN_CALLER = "unknown_caller"  # brings a key
    FORBIDDEN = "forbidden"  # asks for the scope
    NOT_NOW = "not_now"  # changes the state named first
    BROKEN_LOG = "broken_log"  # calls an operator
    UNIMPLEMENTED = "unimplemented"  # uses a newer server
    INTERNAL = "internal"  # reports a defect


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that cannot be accepted: its path, what was found there and what would be
    accepted.
    """

    field: str
    value: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.field}: {self.value!r} is not acceptable; {self.remedy}"


class BursarError(Exception):
    """Base of every error Bursar raises on purpose.

    `message` is for people and may be reworded. `reason` is fixed for ever and is what programs
    read. `facts` are identifiers, or whole numbers named with their unit. `retry_after_ns` is a
    duration; None means that waiting alone does not help.
    """

    kind: ClassVar[Kind] = Kind.INTERNAL
    reason: ClassVar[str] = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        facts: Mapping[str, str | int] | None = None,
        violations: tuple[Violation, ...] = (),
        retry_after_ns: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.facts: dict[str, str | int] = dict(facts or {})
        self.violations = violations
        self.retry_after_ns = retry_after_ns


class InvalidRequest(BursarError):
    """The request cannot be accepted as it is; `violations` name each field, its value and the
    remedy.
    """

    kind, reason = Kind.INVALID, "INVALID_REQUEST"

    @classmethod
    def of(cls, field_path: str, value: object, remedy: str) -> InvalidRequest:
        """The usual case: one field. The value is shown cut to 80 characters."""
        shown = str(value)
        violation = Violation(field_path, shown if len(shown) <= 80 else shown[:77] + "...", remedy)
        return cls(str(violation), violations=(violation,))


class UnknownReservation(InvalidRequest):
    """No reservation of this id is known: it was never given, or is long forgotten.

    Facts: reservation_id.
    """

    reason = "UNKNOWN_RESERVATION"


class NotFound(BursarError):
    """What was named does not exist for this caller."""

    kind, reason = Kind.MISSING, "NOT_FOUND"


class Conflict(BursarError):
    """The same operation id came before with other content, or the state moved on."""

    kind, reason = Kind.CONFLICT, "CONFLICT"


class LimitExceeded(BursarError):
    """A hard limit holds too little now; a smaller request or a later one may fit.

    Facts: limit_id, meter, settled, held, requested, amount (in the meter's unit),
    window_ends_at_ns.
    """

    kind, reason = Kind.EXHAUSTED, "LIMIT_EXCEEDED"


class Throttled(LimitExceeded):
    """A limit that throttles holds too little now: come back after `retry_after_ns`, or let the
    reserve wait.
    """

    reason = "THROTTLED"


class Overloaded(BursarError):
    """A bounded queue is full; the same request may succeed a little later."""

    kind, reason = Kind.EXHAUSTED, "OVERLOADED"


class StorageFull(BursarError):
    """No space is left where this has to be kept; free some, or keep it elsewhere."""

    kind, reason = Kind.EXHAUSTED, "STORAGE_FULL"


class Unavailable(BursarError):
    """Nothing was done, or it is not known; retry with the same operation id."""

    kind, reason = Kind.UNAVAILABLE, "UNAVAILABLE"


class LogUnavailable(Unavailable):
    """The event log did not acknowledge in time; nothing was answered from state that is not
    durable.
    """

    reason = "LOG_UNAVAILABLE"


class SteppedDown(Unavailable):
    """Another writer leads this partition now; retry with the same operation id."""

    reason = "STEPPED_DOWN"


class BackendUnavailable(Unavailable):
    """No backend can do this work here; the message says how to provide one. Nothing was
    charged.
    """

    reason = "BACKEND_UNAVAILABLE"


class DeadlineExceeded(BursarError):
    """The deadline passed first; on money, retry with the same operation id."""

    kind, reason = Kind.LATE, "DEADLINE_EXCEEDED"


class Unauthenticated(BursarError):
    """The caller brought no key, or one that is not known."""

    kind, reason = Kind.UNKNOWN_CALLER, "UNAUTHENTICATED"


class Forbidden(BursarError):
    """The caller is known but may not do this."""

    kind, reason = Kind.FORBIDDEN, "FORBIDDEN"


class ApprovalNeeded(BursarError):
    """The work is ready but a person has to agree first."""

    kind, reason = Kind.NOT_NOW, "APPROVAL_NEEDED"


class FailedPrecondition(BursarError):
    """The state named in the message has to change first."""

    kind, reason = Kind.NOT_NOW, "FAILED_PRECONDITION"


class OutcomeUnknown(BursarError):
    """A paid call was sent and nobody knows what became of it: it is charged at its full hold and
    not sent again by itself.
    """

    kind, reason = Kind.NOT_NOW, "OUTCOME_UNKNOWN"


class LogBroken(BursarError):
    """The log is not what was written: a gap, a fork, a bad hash, or an event this version may not
    skip.

    Facts: stream, partition, sequence. Nothing of that partition is answered until an operator has
    looked.
    """

    kind, reason = Kind.BROKEN_LOG, "LOG_BROKEN"


class BlobDamaged(BursarError):
    """Content in the blob store is not what was put there.

    Facts: reference. Putting the same content again mends it.
    """

    kind, reason = Kind.BROKEN_LOG, "BLOB_DAMAGED"


class Unimplemented(BursarError):
    """This server does not know the call."""

    kind, reason = Kind.UNIMPLEMENTED, "UNIMPLEMENTED"


class Internal(BursarError):
    """A defect of ours. The details are in the log under the trace id, never in the message."""


def by_reason() -> dict[str, type[BursarError]]:
    """Every error class by its reason, for translating an answer back to what was raised."""
    found: dict[str, type[BursarError]] = {}
    waiting: list[type[BursarError]] = [BursarError]
    while waiting:
        error_class = waiting.pop()
        found.setdefault(error_class.reason, error_class)
        waiting.extend(error_class.__subclasses__())
    found["INTERNAL"] = Internal
    return found
