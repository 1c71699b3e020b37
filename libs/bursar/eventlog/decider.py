"""What a service gives to the writer of its decided stream: its rules, and its events as bytes."""

from __future__ import annotations

from typing import Generic, NamedTuple, Protocol, TypeVar

from bursar.eventlog.tentative import Undo

Event = TypeVar("Event")
State_contra = TypeVar("State_contra", contravariant=True)
Command = TypeVar("Command")
Answer_co = TypeVar("Answer_co", covariant=True)


# A tuple, not a dataclass: one is made for each command.
class Decision(NamedTuple, Generic[Event, Answer_co]):
    """What a command causes, and what is answered once that is durable. No events is a decision
    too.
    """

    events: tuple[Event, ...]
    answer: Answer_co


class Decider(Protocol[State_contra, Command, Event, Answer_co]):
    """The rules of one decided stream. Pure: no I/O, no clock, no randomness; never suspended."""

    def decide(
        self, state: State_contra, command: Command, now_ns: int
    ) -> Decision[Event, Answer_co]:
        """Changes nothing. Raises a BursarError for what is not an answer."""
        ...

    def evolve(self, state: State_contra, event: Event, undo: Undo) -> None:
        """Changes `state` through `undo` alone. Total: what is in the log has happened."""
        ...

    def encode(self, event: Event, command: Command, now_ns: int) -> bytes:
        """One event's envelope, at most 16 KiB. `decode` of it gives an equal event."""
        ...

    def decode(self, event_bytes: bytes, number: int) -> Event | None:
        """None for an unknown kind that may be skipped; raises LogBroken for one that may not."""
        ...

    def due(self, state: State_contra, now_ns: int) -> Command | None:
        """What time alone has caused, such as an expiry: the next such command, or None.

        Asked by the writer itself, at every tick, until None. A command given must lead to events,
        or it would be given for ever.
        """
        ...
