"""What an order leads to."""

from __future__ import annotations

from bursar.eventlog.decider import Decision
from bursar_quota.domain.answers import Answer
from bursar_quota.domain.events import Event

Decided = Decision[Event, Answer]


def caused(event: Event, answer: Answer) -> Decided:
    """The usual case: one event."""
    return Decision((event,), answer)
