"""The commands that share one frame, each decided on what the ones before it decided."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from bursar.errors import BursarError, InvalidRequest
from bursar.eventlog.decider import Decider
from bursar.eventlog.frame import (
    ENTRY_BYTES,
    EVENT_BYTES_MAX,
    FRAME_BYTES_MAX,
    FRAME_EVENTS_MAX,
    HEADER_BYTES,
)
from bursar.eventlog.tentative import Undo

State = TypeVar("State")
Command = TypeVar("Command")
Event = TypeVar("Event")
Answer = TypeVar("Answer")

BATCH_COMMANDS_MAX = 1024  # commands without events need no room in the frame, but they take time
BODY_BYTES_MAX = FRAME_BYTES_MAX - HEADER_BYTES


# A tuple, not a dataclass: one is made for each command.
class Waiting(NamedTuple, Generic[Command, Answer]):
    """A command and where its answer goes; None for a tick's, which nobody waits for."""

    command: Command
    answer: asyncio.Future[Answer] | None


@dataclass(frozen=True, slots=True)
class Work(Generic[State, Command, Answer]):
    """What a batch is made from: the state, the commands that wait, and how to take it back."""

    state: State
    queue: deque[Waiting[Command, Answer]]
    undo: Undo


@dataclass(slots=True)
class Batch(Generic[Answer]):
    """What one frame will hold, and who is answered when it is durable."""

    events: list[bytes] = field(default_factory=list)
    body_bytes: int = 0
    answers: list[tuple[asyncio.Future[Answer], Answer]] = field(default_factory=list)
    refusals: list[tuple[asyncio.Future[Answer], BursarError]] = field(default_factory=list)
    deciding: asyncio.Future[Answer] | None = None

    def has_room_for(self, events: int, body_bytes: int) -> bool:
        return (
            len(self.events) + events <= FRAME_EVENTS_MAX
            and self.body_bytes + body_bytes <= BODY_BYTES_MAX
        )

    def release(self) -> None:
        """All that they saw is durable: the answers leave."""
        for future, answer in self.answers:
            if not future.done():  # the caller may have given up
                future.set_result(answer)
        for future, error in self.refusals:
            refuse(future, error)

    def fail(self, error: BursarError) -> None:
        """What they saw did not happen: all get an error like `error`."""
        for future, _ in self.answers:
            refuse(future, error)
        for future, _ in self.refusals:
            refuse(future, error)
        if self.deciding is not None:  # a defect in its rules ends the writer, not the caller
            refuse(self.deciding, error)


def decide_batch(
    decider: Decider[State, Command, Event, Answer],
    work: Work[State, Command, Answer],
    now_ns: int,
    batch: Batch[Answer],
) -> None:
    """Takes commands from the queue into `batch` until the frame is full or the queue empty.

    Each is decided on the state with the events of those before it; `undo` takes all of them back.
    """
    state, queue, undo = work.state, work.queue, work.undo
    for _ in range(min(len(queue), BATCH_COMMANDS_MAX)):
        waiting = queue.popleft()
        command, future = waiting
        if future is not None and future.done():
            continue  # given up before it was decided
        batch.deciding = future
        try:
            decision = decider.decide(state, command, now_ns)
            encoded = [decider.encode(event, command, now_ns) for event in decision.events]
            body_bytes = _body_bytes(encoded)
        except BursarError as error:
            if future is not None:
                batch.refusals.append((future, error))
            continue
        if not batch.has_room_for(len(encoded), body_bytes):
            queue.appendleft(waiting)  # it is decided again, first in the next frame
            break
        batch.events += encoded
        batch.body_bytes += body_bytes
        for event in decision.events:
            decider.evolve(state, event, undo)
        if future is not None:
            batch.answers.append((future, decision.answer))
    batch.deciding = None


def refuse(future: asyncio.Future[Answer], error: BursarError) -> None:
    """Gives an error like `error` to a caller that still waits: a new one, for it gets a
    traceback.
    """
    if not future.done():
        own = type(error)(
            error.message,
            facts=error.facts,
            violations=error.violations,
            retry_after_ns=error.retry_after_ns,
        )
        future.set_exception(own)
        # A caller that hung up never looks; without this, asyncio would log its error.
        future.exception()


def _body_bytes(encoded: list[bytes]) -> int:
    """What the events take in a frame. Raises InvalidRequest when no frame could hold them."""
    body_bytes = longest = 0
    for event in encoded:
        length = len(event)
        body_bytes += length + ENTRY_BYTES
        longest = max(longest, length)
    if longest > EVENT_BYTES_MAX:
        raise InvalidRequest.of("event", f"{longest} B", f"at most {EVENT_BYTES_MAX} B")
    if len(encoded) > FRAME_EVENTS_MAX or body_bytes > BODY_BYTES_MAX:
        raise InvalidRequest.of("events", len(encoded), "ask for less in one command")
    return body_bytes
