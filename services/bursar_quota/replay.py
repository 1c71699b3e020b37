"""The past of money: its state at any earlier moment, from the log alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.following import follow_until
from bursar.eventlog.log import Cursor, EventLog, Record
from bursar.eventlog.projection import Projection
from bursar.eventlog.stream import StreamId
from bursar.eventlog.tentative import Untracked
from bursar_quota.domain.events import Event
from bursar_quota.domain.evolution import evolve
from bursar_quota.domain.state import State
from bursar_quota.wire import USAGE, decode

_EVENT_ID = re.compile(rf"{USAGE.name}-(\d{{1,3}})-(\d{{1,19}})")
_UNTRACKED = Untracked()


@dataclass(frozen=True, slots=True)
class Until:
    """Up to and with an event of this number, and of this time (ns since 1970 UTC)."""

    number: int = 2**63
    at_ns: int = 2**63

    def holds(self, event: Event) -> bool:
        return event.number <= self.number and event.at_ns <= self.at_ns


def place_of(event_id: str) -> tuple[StreamId, int] | None:
    """The stream and number that an id such as `usage-0-42` names; None for another text."""
    found = _EVENT_ID.fullmatch(event_id)
    if found is None:
        return None
    return StreamId(USAGE.name, int(found[1])), int(found[2])


async def state_at(
    log: EventLog, stream: StreamId, until: Until, progress: Callable[[int], None]
) -> State:
    """As it was then. `progress` hears of each frame. Raises LogBroken."""
    state = State()

    def fold(event: Event) -> None:
        evolve(state, event, _UNTRACKED)

    await read_events(log, stream, until, fold, progress)
    return state


async def read_events(
    log: EventLog,
    stream: StreamId,
    until: Until,
    receive: Callable[[Event], None],
    progress: Callable[[int], None],
) -> None:
    """Gives every event of money in its order, checked as it is whenever the log is read."""
    tail = await log.tail(stream)
    enough = asyncio.Event()

    def apply(_: None, event_bytes: bytes, number: int) -> None:
        event = decode(event_bytes, number)
        if event is None:
            return
        if until.holds(event):
            receive(event)
        else:
            enough.set()  # times never go back, and numbers have no gaps

    reading = Projection(None, DecidedChain(Cursor(stream)), apply)

    def fold(record: Record) -> None:
        if enough.is_set():
            return
        reading.fold(record)
        progress(1)
        if record.sequence >= tail.sequence:
            enough.set()

    if tail.sequence:
        await follow_until(log, Cursor(stream), fold, enough)
