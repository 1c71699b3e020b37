"""What the log's events have led to. Changed through `Undo` alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from msgspec import Struct

from bursar_quota.domain.answers import Answer
from bursar_quota.domain.calls import Attribution, Origin, Target
from bursar_quota.domain.events import AlertRaised
from bursar_quota.domain.levels import Bucket, Opening
from bursar_quota.domain.limits import Limit
from bursar_quota.domain.meters import NO_AMOUNTS, Amounts, ByMeter, above, by_meter
from bursar_quota.domain.old import NothingOld, Old
from bursar_quota.domain.selection import Shelves

NS_PER_S = 1_000_000_000
NS_PER_HOUR = 3600 * NS_PER_S
SEGMENT_NS = 6 * NS_PER_HOUR  # ids are forgotten by whole segments of first sight


class Phase(IntEnum):
    """Where a reservation is between Reserve and its end."""

    HELD = 1
    DISPATCHED = 2
    CHARGED = 3  # its lease ran out after dispatch; a late settle replaces the charge


class Ending(IntEnum):
    """How a reservation ended."""

    SETTLED = 1
    RELEASED = 2
    EXPIRED = 3


class Reservation(Struct, frozen=True, gc=False, array_like=True):
    """`held` is all that was granted, `settled` what was used of it so far or, once its lease ran
    out, what was charged. `buckets` are the numbers of those that count both.

    `charged_at_ns` is 0 until its lease ran out, `settled_at_ns` until it was settled in part.
    """

    reservation_id: str
    phase: Phase
    origin: Origin
    attribution: Attribution
    target: Target
    held: Amounts
    buckets: tuple[int, ...]
    lease_ns: int
    lease_expires_at_ns: int
    reserved_at_ns: int
    charged_at_ns: int = 0
    settled: Amounts = NO_AMOUNTS
    settled_at_ns: int = 0

    @property
    def holds(self) -> ByMeter:
        """What it still sets aside, by meter."""
        return by_meter(self.open_hold, 0 if self.phase is Phase.CHARGED else 1)

    @property
    def open_hold(self) -> Amounts:
        """What it still sets aside."""
        if self.phase is Phase.CHARGED:
            return NO_AMOUNTS
        if not self.settled_at_ns:
            return self.held
        return above(self.held, self.settled)


class LimitEntry(Struct, frozen=True, gc=False, array_like=True):
    """A limit and its buckets by window id: one mapping for as long as it counts the same.

    `counted_since_ns` is 0 where even its first window is counted whole. `made_at_ns` and
    `made_by`, an event's number, say when counting began.
    """

    limit: Limit
    counted_since_ns: int
    buckets: dict[str, Bucket]
    made_at_ns: int = 0
    made_by: int = 0
    is_pending: bool = False


class Met(Struct, frozen=True, gc=False):
    """The limits that calls of a kind meet from `starts_at_ns` until `ends_at_ns`, with a bucket
    each, and the openings of those that are new.
    """

    entries: tuple[LimitEntry, ...]
    buckets: tuple[Bucket, ...]
    numbers: tuple[int, ...]
    opened: tuple[Opening, ...]
    starts_at_ns: int
    ends_at_ns: int


class Remembered(Struct, frozen=True, gc=False, array_like=True):
    """An operation that was answered."""

    fingerprint: bytes
    answer: Answer


class UsageAxes(Struct, frozen=True, gc=False, array_like=True, order=True, cache_hash=True):
    """What settled usage is summed up by, hour by hour, so that a new limit can start right."""

    tenant_id: str
    provider: str
    model: str


class Standpoint(Struct, frozen=True, gc=False, array_like=True):
    """How far the state is: the last event's number and time, what was forgotten before, and how
    many buckets were ever opened.
    """

    event_number: int = 0
    at_ns: int = 0
    forgotten_before_ns: int = 0
    buckets_opened: int = 0


class Alerted(Struct, frozen=True, gc=False, array_like=True):
    """The highest threshold that was told of in a period."""

    threshold_pct: int
    period_ends_at_ns: int


@dataclass(slots=True)
class State:
    """Times are whole segments, hours or seconds since 1970, where they are keys.

    `buckets`, `shelves`, `leases` and `met` follow from the rest: they only find things.
    """

    limits: dict[str, LimitEntry] = field(default_factory=dict)
    buckets: dict[int, Bucket] = field(default_factory=dict)  # by number
    shelves: Shelves[LimitEntry] = field(default_factory=Shelves)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    leases: dict[int, dict[str, None]] = field(default_factory=dict)  # by second of running out
    operations: dict[int, dict[str, Remembered]] = field(default_factory=dict)  # by segment
    ended: dict[int, dict[str, Ending]] = field(default_factory=dict)  # reservations, by segment
    old_operations: Old[Remembered] = field(default_factory=NothingOld)
    old_ended: Old[Ending] = field(default_factory=NothingOld)
    usage_hours: dict[UsageAxes, dict[int, Amounts]] = field(default_factory=dict)
    met: dict[tuple[Attribution, Target], Met] = field(default_factory=dict)  # changed by hand
    alerted: dict[str, dict[str, Alerted]] = field(default_factory=dict)  # by limit, by period
    alerts: dict[int, AlertRaised] = field(default_factory=dict)  # the newest, by event
    touched: set[int] = field(default_factory=set)  # buckets to look at for alerts
    standpoint: dict[None, Standpoint] = field(default_factory=lambda: {None: Standpoint()})

    @property
    def now(self) -> Standpoint:
        return self.standpoint[None]
