"""The orders that quota takes. Already checked at the door: every field is within its bounds."""

from __future__ import annotations

from msgspec import Struct

from bursar_quota.domain.calls import NOBODYS, Attribution, Origin, Target
from bursar_quota.domain.limits import Limit
from bursar_quota.domain.meters import Amounts
from bursar_quota.domain.windows import Window


class Stamp(Struct, frozen=True, gc=False):
    """What every order of a caller is stamped with at the door.

    `fingerprint` is a SHA-256 of its content. `trace_id` and `span_id` are empty outside a trace.
    """

    operation_id: str
    fingerprint: bytes
    trace_id: bytes = b""
    span_id: bytes = b""


class Operation(Struct, frozen=True, gc=False):
    """An order of a caller.

    `content` is the order as it came, encoded: the log keeps it with what is decided.
    """

    stamp: Stamp
    content: bytes = b""


class PutLimit(Operation, frozen=True, gc=False, kw_only=True):
    limit: Limit
    author: str = ""
    reason: str = ""


class DeleteLimit(Operation, frozen=True, gc=False, kw_only=True):
    limit_id: str
    author: str = ""
    reason: str = ""


class Reserve(Operation, frozen=True, gc=False, kw_only=True):
    """`reservation_id` is new, from the shell; a repeated order gets that of the first. One that
    `may_wait` is put off, not refused, where a throttle alone is in its way.
    """

    reservation_id: str
    origin: Origin = NOBODYS
    attribution: Attribution
    target: Target
    amounts: Amounts
    lease_ns: int
    is_dispatched: bool = False
    may_wait: bool = False


class Dispatch(Operation, frozen=True, gc=False, kw_only=True):
    reservation_id: str


class TopUp(Operation, frozen=True, gc=False, kw_only=True):
    reservation_id: str
    amounts: Amounts


class Extend(Operation, frozen=True, gc=False, kw_only=True):
    """`lease_ns` 0 means as long as it was given."""

    reservation_id: str
    lease_ns: int


class Settle(Operation, frozen=True, gc=False, kw_only=True):
    reservation_id: str
    used: Amounts


class SettlePartly(Operation, frozen=True, gc=False, kw_only=True):
    """`used` is all that was used so far."""

    reservation_id: str
    used: Amounts


class Release(Operation, frozen=True, gc=False, kw_only=True):
    reservation_id: str
    reason: str = ""


class RecordUsage(Operation, frozen=True, gc=False, kw_only=True):
    origin: Origin = NOBODYS
    attribution: Attribution
    target: Target
    used: Amounts


class Adjust(Operation, frozen=True, gc=False, kw_only=True):
    """`amounts` are signed; `used_at_ns` 0 means now."""

    origin: Origin
    attribution: Attribution
    target: Target
    amounts: Amounts
    used_at_ns: int


class ExpireDue(Struct, frozen=True, gc=False):
    """What the writer itself asks when leases have run out. After an outage those that began by
    `spared_begun_by_ns` have grace.
    """

    spared_begun_by_ns: int = 0


class CountLimit(Struct, frozen=True, gc=False):
    """What the log says was settled, in each window, before the limit was made by the event
    `made_by`.
    """

    limit_id: str
    made_by: int
    settled: tuple[tuple[Window, int], ...]


class RaiseAlerts(Struct, frozen=True, gc=False):
    """Tell of the thresholds that were passed."""


class MoveHorizon(Struct, frozen=True, gc=False):
    """Forget the operations of before, and the windows that ended before."""

    forget_before_ns: int


Order = (
    PutLimit
    | DeleteLimit
    | Reserve
    | Dispatch
    | TopUp
    | Extend
    | SettlePartly
    | Settle
    | Release
    | RecordUsage
    | Adjust
)
Command = Order | ExpireDue | CountLimit | RaiseAlerts | MoveHorizon
