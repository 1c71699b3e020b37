"""State that follows a stream: the state and the cursor it stands for move together.

Start, reconnect and recovery are one path: catch up from the cursor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from bursar.errors import LogBroken
from bursar.eventlog.following import follow_until
from bursar.eventlog.frame import Frame, broken
from bursar.eventlog.garbage import rare_collection
from bursar.eventlog.log import Cursor, EventLog, Record

State = TypeVar("State")


class Chain(Protocol):
    """What the next frame has to continue: `DecidedChain` or `WriterChains`."""

    @property
    def cursor(self) -> Cursor: ...

    def accept(self, record: Record) -> Frame | None:
        """The frame, checked; None for one that came before. Raises LogBroken."""
        ...

    async def attach(self, log: EventLog) -> None:
        """Compares the frame at the cursor with the log's. Raises LogBroken for a fork."""
        ...


class Projection(Generic[State]):
    """A state and the frames it holds. A snapshot is both or neither.

    `apply(state, event_bytes, number)` gives the state after one event; it may change the state it
    was given, which the projection alone owns. In a decided stream `number` is the event's number,
    in an observed one its writer's own count. Epochs and barriers have no events.
    """

    def __init__(
        self, state: State, chain: Chain, apply: Callable[[State, bytes, int], State]
    ) -> None:
        self.state = state
        self._chain = chain
        self._apply = apply
        self._target: int | None = None
        self._reached = asyncio.Event()

    @property
    def cursor(self) -> Cursor:
        return self._chain.cursor

    def fold(self, record: Record) -> None:
        """Applies the record's events; nothing for a record delivered twice.

        Raises LogBroken, naming the sequence, for whatever is not what was written.
        """
        frame = self._chain.accept(record)
        if frame is None:
            return
        self._apply_all(frame, record)
        if self._target is not None and record.sequence >= self._target:
            self._reached.set()

    async def caught_up(self) -> None:
        """Returns once the state holds all that the log held when it was attached."""
        await self._reached.wait()

    async def attach(self, log: EventLog) -> None:
        """Compares the frame at the cursor with the log's, and notes where the log ends now.

        Raises LogBroken for a fork or a log that is shorter.
        """
        await self._chain.attach(log)
        tail = await log.tail(self.cursor.stream)
        self._target = tail.sequence
        if self.cursor.sequence >= tail.sequence:
            self._reached.set()

    async def catch_up(self, log: EventLog, sequence: int) -> None:
        """Folds until the state holds the frame at `sequence`, which the log must have."""
        if self.cursor.sequence >= sequence:
            return
        enough = asyncio.Event()

        def receive(record: Record) -> None:
            self.fold(record)
            if record.sequence >= sequence:
                enough.set()

        with rare_collection():
            await follow_until(log, self.cursor, receive, enough)

    def _apply_all(self, frame: Frame, record: Record) -> None:
        number = frame.header.first_event_number
        state, apply = self.state, self._apply
        try:
            for event_bytes in frame.events:
                state = apply(state, event_bytes, number)
                number += 1
        except LogBroken as error:  # the service's own check, which does not know the sequence
            raise broken(record.stream, record.sequence, error.message) from error
        self.state = state


async def follow_into(projection: Projection[State], log: EventLog) -> None:
    """Folds what the log has and gets into `projection`, until cancelled. Raises LogBroken."""
    await projection.attach(log)
    await log.follow(projection.cursor, projection.fold)
