"""What the writer of the `usage` stream folds and asks: the rules, joined to their bytes."""

from __future__ import annotations

from collections.abc import Callable

from bursar.eventlog.decider import Decision
from bursar.eventlog.tentative import Undo
from bursar_quota import wire
from bursar_quota.archive import Archive
from bursar_quota.calendar import ZonedCalendar
from bursar_quota.domain.answers import Answer
from bursar_quota.domain.commands import Command
from bursar_quota.domain.events import AlertRaised, Event, LimitPut
from bursar_quota.domain.evolution import evolve
from bursar_quota.domain.expiry import due
from bursar_quota.domain.old import SEGMENT_EVENTS
from bursar_quota.domain.rules import decide
from bursar_quota.domain.state import State
from bursar_quota.domain.terms import Now, Terms
from bursar_quota.grace import Grace


class QuotaDecider:
    """The `Decider` of one partition of money. `epoch` gives the writer's, so that a takeover is
    noticed.
    """

    def __init__(
        self,
        terms: Terms | None = None,
        epoch: Callable[[], int] = lambda: 1,
        partition: int = wire.USAGE.partition,
    ) -> None:
        self.terms = terms or Terms(ZonedCalendar())
        self.grace = Grace()
        self.archive: Archive | None = None
        self._now = Now(0, self.terms)
        self._epoch = epoch
        self._partition = partition
        # Told of what may be new: it counts once it is durable.
        self.on_alert: Callable[[], None] = lambda: None
        self.on_limit: Callable[[], None] = lambda: None

    def decide(self, state: State, command: Command, now_ns: int) -> Decision[Event, Answer]:
        if now_ns != self._now.ns:
            self._now = Now(now_ns, self.terms)  # of all commands of a frame
        return decide(state, command, self._now)

    def evolve(self, state: State, event: Event, undo: Undo) -> None:
        evolve(state, event, undo)
        if type(event) is AlertRaised:
            self.on_alert()
        elif type(event) is LimitPut:
            self.on_limit()
        is_replay = not undo.takes_back
        if is_replay and self.archive is not None and event.number % SEGMENT_EVENTS == 0:
            self.archive.keep_old(state)

    def encode(self, event: Event, command: Command, now_ns: int) -> bytes:
        return wire.encode(event, command, self._partition)

    def decode(self, event_bytes: bytes, number: int) -> Event | None:
        return wire.decode(event_bytes, number)

    def due(self, state: State, now_ns: int) -> Command | None:
        spared_ns = self.grace.spares_begun_by_ns(self._epoch(), state.now.at_ns, now_ns)
        return due(state, Now(now_ns, self.terms), spared_ns)
