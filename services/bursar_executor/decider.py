"""The executor's rules as the writer of its stream asks for them."""

from __future__ import annotations

from bursar.eventlog.decider import Decision
from bursar.eventlog.tentative import Undo
from bursar_executor import domain, wire
from bursar_executor.domain import Command, Event, Tasks


class TasksDecider:
    """Joins `domain` and `wire`. Time alone causes nothing in a task's life."""

    def decide(self, state: Tasks, command: Command, now_ns: int) -> Decision[Event, str]:
        decided = domain.decide(state, command, now_ns)
        return Decision(decided.events, decided.answer)

    def evolve(self, state: Tasks, event: Event, undo: Undo) -> None:
        domain.evolve(state, event, undo)

    def encode(self, event: Event, command: Command, now_ns: int) -> bytes:
        return wire.encode(event, command, now_ns)

    def decode(self, event_bytes: bytes, number: int) -> Event | None:
        return wire.decode(event_bytes, number)

    def due(self, state: Tasks, now_ns: int) -> Command | None:
        return None
