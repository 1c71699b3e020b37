"""Limits that are pending: their window is read from the log, and what was used in it counted.

What calls that were not over when the limit was made used, it counts from its beginning; here is
the rest. Reading begins at the window's first frame, however long the log is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from msgspec import Struct

from bursar.errors import BursarError
from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.frame import decode_header, frame_hash
from bursar.eventlog.log import Cursor, EventLog
from bursar.eventlog.projection import Projection
from bursar.eventlog.stream import StreamId
from bursar_quota.domain.calls import Attribution, Target
from bursar_quota.domain.commands import CountLimit
from bursar_quota.domain.events import (
    Event,
    Expired,
    HorizonMoved,
    Reserved,
    Settled,
    UsageAdjusted,
    UsageRecorded,
)
from bursar_quota.domain.expiry import CHARGED_KEPT_NS
from bursar_quota.domain.limits import Limit
from bursar_quota.domain.meters import Amounts, by_meter
from bursar_quota.domain.standing import rolling_window
from bursar_quota.domain.state import State
from bursar_quota.domain.windows import Calendar, Window
from bursar_quota.wire import decode

AGAIN_S = 5.0

_logger = logging.getLogger(__name__)


class Pending(Struct, frozen=True, gc=False):
    """A limit, and the event that made it."""

    limit: Limit
    made_by: int
    made_at_ns: int


def pending_limits(state: State) -> list[Pending]:
    """Those whose window is still to be read."""
    return [
        Pending(entry.limit, entry.made_by, entry.made_at_ns)
        for entry in state.limits.values()
        if entry.is_pending
    ]


class PastUse:
    """What calls that are over used of a limit, in each of its windows that reaches its making."""

    def __init__(self, pending: Pending, calendar: Calendar) -> None:
        self._limit = pending.limit
        self._calendar = calendar
        window = pending.limit.window_at(calendar, pending.made_at_ns)
        self.span = rolling_window(pending.limit, window) if pending.limit.rolling_ns else window
        self._reserved_at_ns: dict[str, int] = {}
        self._charged: dict[str, tuple[int, Amounts]] = {}  # when, until it is settled or for good
        self._settled: dict[Window, int] = {}

    def take(self, event: Event) -> None:
        """The next event from before the limit was made."""
        match event:
            case Reserved() if self._counts(event.attribution, event.target, event.at_ns):
                self._reserved_at_ns[event.reservation_id] = event.at_ns
            case Settled() if event.reservation_id in self._reserved_at_ns:
                self._charged.pop(event.reservation_id, None)
                self._add(self._reserved_at_ns.pop(event.reservation_id), event.used)
            case Expired() if event.charged is not None:
                if event.reservation_id in self._reserved_at_ns:
                    self._charged[event.reservation_id] = event.at_ns, event.charged
            case UsageRecorded() if self._counts(event.attribution, event.target, event.at_ns):
                self._add(event.at_ns, event.used)
            case UsageAdjusted() if self._counts(event.attribution, event.target, event.used_at_ns):
                self._add(event.used_at_ns, event.amounts)
            case HorizonMoved():
                self._charge_for_good(event.forget_before_ns - CHARGED_KEPT_NS)

    def settled(self) -> tuple[tuple[Window, int], ...]:
        """Oldest first; the limit's own window, where nothing was used."""
        found = {window: amount for window, amount in self._settled.items() if amount > 0}
        return tuple(sorted(found.items(), key=lambda one: one[0].starts_at_ns))

    def _counts(self, attribution: Attribution, target: Target, at_ns: int) -> bool:
        return self.span.holds(at_ns) and self._limit.selector.selects(attribution, target)

    def _add(self, at_ns: int, used: Amounts) -> None:
        window = self._limit.window_at(self._calendar, at_ns)
        amount = by_meter(used)[self._limit.meter]
        self._settled[window] = self._settled.get(window, 0) + amount

    def _charge_for_good(self, charged_before_ns: int) -> None:
        for reservation_id, (at_ns, charged) in list(self._charged.items()):
            if at_ns < charged_before_ns:
                del self._charged[reservation_id]
                self._add(self._reserved_at_ns.pop(reservation_id), charged)


class PendingLimits:
    """Counts one after the other, as long as this process leads."""

    def __init__(
        self,
        place: tuple[EventLog, StreamId],
        calendar: Calendar,
        look: Callable[[], Awaitable[list[Pending]]],
        order: Callable[[CountLimit], Awaitable[object]],
    ) -> None:
        self._log, self._stream = place
        self._calendar = calendar
        self._look = look
        self._order = order
        self._wake = asyncio.Event()

    def made(self) -> None:
        """There may be a new one; it counts once it is durable."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            try:
                for pending in await self._look():
                    await self._order(await self._counted(pending))
            except BursarError as error:
                _logger.info("pending limits wait: %s", error.message)
                await asyncio.sleep(AGAIN_S)
                continue
            await self._wake.wait()

    async def _counted(self, pending: Pending) -> CountLimit:
        past = PastUse(pending, self._calendar)
        after = await cursor_before(self._log, self._stream, past.span.starts_at_ns)

        def apply(_: None, event_bytes: bytes, number: int) -> None:
            if number < pending.made_by:
                event = decode(event_bytes, number)
                if event is not None:
                    past.take(event)

        reading = Projection(None, DecidedChain(after), apply)
        await reading.attach(self._log)
        tail = await self._log.tail(self._stream)
        await reading.catch_up(self._log, tail.sequence)
        return CountLimit(pending.limit.limit_id, pending.made_by, past.settled())


async def cursor_before(log: EventLog, stream: StreamId, at_ns: int) -> Cursor:
    """The last frame that was written before that time; the stream's beginning where there is
    none.
    """
    tail = await log.tail(stream)
    first, last, found = tail.first_sequence, tail.sequence, Cursor(stream)
    while first <= last:
        middle = (first + last) // 2
        record = await log.get(stream, middle)
        if record is None:
            first = middle + 1  # archived meanwhile
            continue
        header = decode_header(record.frame, stream, middle)
        if header.written_at_ns < at_ns:
            found = Cursor(stream, middle, frame_hash(record.frame))
            first = middle + 1
        else:
            last = middle - 1
    return found
