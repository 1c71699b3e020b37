"""What has happened to money. Every event names the buckets it moves, as they were decided."""

from __future__ import annotations

from msgspec import Struct

from bursar_quota.domain.calls import Attribution, Origin, Target
from bursar_quota.domain.levels import Earlier, Level, Opening
from bursar_quota.domain.limits import Limit
from bursar_quota.domain.meters import Amounts
from bursar_quota.domain.windows import Window


class Fact(Struct, frozen=True, gc=False):
    """`number` is the event's place in its stream, from 1; `at_ns` the writer's clock."""

    number: int
    at_ns: int


class Done(Fact, frozen=True, gc=False):
    """What an operation caused: the same id with another fingerprint is a conflict."""

    operation_id: str
    fingerprint: bytes
    origin: Origin


class LimitPut(Done, frozen=True, gc=False, kw_only=True):
    """`level` is where it stands from here on. Where a bucket is opened, earlier ones are dropped
    and it begins there, with what the parts of a rolling window before it had settled.
    """

    limit: Limit
    level: Level
    opened: Opening | None
    earlier: tuple[Earlier, ...] = ()
    author: str = ""
    reason: str = ""


class LimitCounted(Fact, frozen=True, gc=False, kw_only=True):
    """What was used before the limit was made by the event `made_by`, read from the log."""

    origin: Origin
    limit_id: str
    made_by: int
    buckets: tuple[int, ...]
    opened: tuple[Opening, ...]
    settled_deltas: tuple[int, ...]


class AlertRaised(Fact, frozen=True, gc=False, kw_only=True):
    """What is settled has passed a threshold of the limit, for the first time in the period: its
    window, or a stretch as long as a rolling one.
    """

    origin: Origin
    level: Level
    threshold_pct: int
    period: Window


class LimitDeleted(Done, frozen=True, gc=False, kw_only=True):
    limit_id: str
    author: str = ""
    reason: str = ""


class Reserved(Done, frozen=True, gc=False, kw_only=True):
    reservation_id: str
    attribution: Attribution
    target: Target
    held: Amounts
    buckets: tuple[int, ...]
    opened: tuple[Opening, ...]
    lease_ns: int
    lease_expires_at_ns: int
    is_dispatched: bool
    is_near_limit: bool


class Denied(Done, frozen=True, gc=False, kw_only=True):
    """`level` is that of the limit which denied, as it stood; `requested` is in its meter's unit.

    `retry_after_ns` 0 means that waiting does not help.
    """

    level: Level
    requested: int
    reason: str
    retry_after_ns: int


class Dispatched(Done, frozen=True, gc=False, kw_only=True):
    reservation_id: str
    lease_expires_at_ns: int


class Settled(Done, frozen=True, gc=False, kw_only=True):
    """`is_late`: it replaces the charge of a hold whose lease had run out."""

    reservation_id: str
    attribution: Attribution
    target: Target
    used: Amounts
    overrun: Amounts
    buckets: tuple[int, ...]
    is_late: bool


class PartlySettled(Done, frozen=True, gc=False, kw_only=True):
    """`used` is all that was used so far."""

    reservation_id: str
    used: Amounts
    overrun: Amounts
    buckets: tuple[int, ...]
    lease_expires_at_ns: int


class ToppedUp(Done, frozen=True, gc=False, kw_only=True):
    """`held` is all that was granted by now."""

    reservation_id: str
    added: Amounts
    held: Amounts
    buckets: tuple[int, ...]
    is_near_limit: bool


class TopUpDenied(Denied, frozen=True, gc=False, kw_only=True):
    """As a denied reserve; the hold stays as it was."""


class Extended(Done, frozen=True, gc=False, kw_only=True):
    reservation_id: str
    lease_ns: int
    lease_expires_at_ns: int


class Released(Done, frozen=True, gc=False, kw_only=True):
    reservation_id: str
    buckets: tuple[int, ...]
    reason: str = ""


class UsageRecorded(Done, frozen=True, gc=False, kw_only=True):
    attribution: Attribution
    target: Target
    used: Amounts
    buckets: tuple[int, ...]
    opened: tuple[Opening, ...]


class UsageAdjusted(Done, frozen=True, gc=False, kw_only=True):
    """`amounts` are signed. `settled_deltas` is what each bucket takes of them: no level falls
    below 0.
    """

    attribution: Attribution
    target: Target
    amounts: Amounts
    used_at_ns: int
    buckets: tuple[int, ...]
    opened: tuple[Opening, ...]
    settled_deltas: tuple[int, ...]


class Expired(Fact, frozen=True, gc=False, kw_only=True):
    """An undispatched hold is let go (`charged` is None), a dispatched one charged in full."""

    origin: Origin
    reservation_id: str
    attribution: Attribution
    target: Target
    charged: Amounts | None
    buckets: tuple[int, ...]


class HorizonMoved(Fact, frozen=True, gc=False, kw_only=True):
    forget_before_ns: int


Event = (
    LimitPut
    | LimitCounted
    | AlertRaised
    | LimitDeleted
    | Reserved
    | Denied
    | Dispatched
    | ToppedUp
    | TopUpDenied
    | Extended
    | PartlySettled
    | Settled
    | Released
    | UsageRecorded
    | UsageAdjusted
    | Expired
    | HorizonMoved
)
