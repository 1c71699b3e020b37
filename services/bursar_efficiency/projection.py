"""The fold of all streams: facts for totals, and where in the log each task, call and trace
stands.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.log import Cursor, EventLog, Record
from bursar.eventlog.projection import Chain, Projection
from bursar.eventlog.stream import StreamId, StreamKind
from bursar.eventlog.writers import WriterChains
from bursar.events.v1 import event_pb2
from bursar_efficiency.domain import Charges, Fact
from bursar_efficiency.wire import fact_of


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands: stream, sequence of its frame, index in the frame."""

    stream: StreamId
    sequence: int
    index: int


@dataclass(slots=True)
class Accounts:
    """Everything that was folded. Places are kept by id, contents stay in the log."""

    facts: list[Fact] = field(default_factory=list)
    charges: Charges = field(default_factory=Charges)
    by_task: defaultdict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    by_call: defaultdict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    by_trace: defaultdict[bytes, list[Place]] = field(default_factory=lambda: defaultdict(list))

    def take(self, event_bytes: bytes, place: Place) -> None:
        """Counts one event and remembers where it stands."""
        envelope = event_pb2.Event.FromString(event_bytes)
        if envelope.task_id:
            self.by_task[envelope.task_id].append(place)
        if envelope.call_id:
            self.by_call[envelope.call_id].append(place)
        if envelope.trace_id:
            self.by_trace[envelope.trace_id].append(place)
        fact = fact_of(envelope)
        if fact is not None:
            self.facts += self.charges.counted(fact)


class StreamReader:
    """Folds one stream into the accounts, knowing for each event where it stands."""

    def __init__(self, stream: StreamId, accounts: Accounts) -> None:
        self.writers = WriterChains(Cursor(stream)) if stream.kind is StreamKind.OBSERVED else None
        chain: Chain = self.writers or DecidedChain(Cursor(stream))
        self._stream = stream
        self._sequence = 0
        self._index = 0
        self._projection = Projection(accounts, chain, self._take)
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def cursor(self) -> Cursor:
        return self._projection.cursor

    async def follow(self, log: EventLog) -> None:
        """Folds what the log has and gets, until cancelled. Raises LogBroken."""
        await log.open(self._stream)
        await self._projection.attach(log)
        await log.follow(self._projection.cursor, self._receive)

    async def caught_up(self) -> None:
        """Returns once the accounts hold all that the log held when it was attached."""
        await self._projection.caught_up()

    async def reached(self, sequence: int) -> None:
        """Returns once the frame at `sequence` is folded."""
        if self.cursor.sequence < sequence:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((sequence, future))
            await future

    def _receive(self, record: Record) -> None:
        self._sequence = record.sequence
        self._index = 0
        self._projection.fold(record)
        if self._waiting:
            self._release()

    def _release(self) -> None:
        still: list[tuple[int, asyncio.Future[None]]] = []
        for sequence, future in self._waiting:
            if sequence > self.cursor.sequence:
                still.append((sequence, future))
            elif not future.done():
                future.set_result(None)
        self._waiting = still

    def _take(self, accounts: Accounts, event_bytes: bytes, number: int) -> Accounts:
        accounts.take(event_bytes, Place(self._stream, self._sequence, self._index))
        self._index += 1
        return accounts
