"""What the log's own history says of a promise: a sentence for everything that went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bursar.errors import LogBroken
from bursar.eventlog.log import EventLog
from bursar.eventlog.tentative import Untracked
from bursar_quota.calendar import ZonedCalendar
from bursar_quota.domain.events import Reserved
from bursar_quota.domain.evolution import evolve
from bursar_quota.domain.limits import Mode
from bursar_quota.domain.reading import levels_of_tenant
from bursar_quota.domain.state import State
from bursar_quota.domain.terms import Now, Terms
from bursar_quota.replay import Until, read_events
from bursar_quota.wire import USAGE


class History:
    """Folds the log and looks at every hard limit behind every event."""

    def __init__(self) -> None:
        self.state = State()
        self.reserved: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._terms = Terms(ZonedCalendar())

    def take(self, event: object) -> None:
        evolve(self.state, event, Untracked())
        if isinstance(event, Reserved):
            self.reserved[event.reservation_id] += 1
        for level in levels_of_tenant(self.state, "", Now(event.at_ns, self._terms)):
            if level.limit.mode is Mode.HARD and level.available < 0:
                self.wrong.append(f"event {event.number} leaves {level.available} of a hard limit")


async def wrong_in_history(log: EventLog, acknowledged: Iterable[str]) -> list[str]:
    """Every acknowledged reservation is there once, and no hard limit was ever exceeded."""
    history = History()
    try:
        await read_events(log, USAGE, Until(), history.take, lambda _: None)
    except LogBroken as error:
        return [error.message]
    times = history.reserved
    return [
        *history.wrong,
        *(f"{one} was acknowledged and is lost" for one in acknowledged if not times[one]),
        *(f"{one} is there {count} times" for one, count in times.items() if count > 1),
    ]
