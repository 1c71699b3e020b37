"""The fold of all streams: rows for totals, and where in the log each task, call and trace
stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from zlib import crc32

from bursar.eventlog.chain import DecidedChain
from bursar.eventlog.log import Cursor, EventLog, Record
from bursar.eventlog.projection import Chain, Projection
from bursar.eventlog.stream import STREAMS, StreamId, StreamKind
from bursar.eventlog.writers import WriterChains
from bursar.events.v1 import event_pb2
from bursar_efficiency.columns import Batch, Whos, add_fact
from bursar_efficiency.domain.facts import Charges
from bursar_efficiency.wire import PLAN_MADE, fact_of, thought_level_of

_NAMES = tuple(STREAMS)
_PARTITIONS = 1_000


def number_of(stream: StreamId) -> int:
    """A stream as the store names it."""
    return _NAMES.index(stream.name) * _PARTITIONS + stream.partition


def stream_of(number: int) -> StreamId:
    """The inverse of `number_of`."""
    return StreamId(_NAMES[number // _PARTITIONS], number % _PARTITIONS)


def checksum(text_id: bytes) -> int:
    """What the index keeps of an id. Others may have the same: the frames tell them apart."""
    return crc32(text_id)


@dataclass(slots=True)
class Accounts:
    """What was folded and is in no store yet, and what later events build on."""

    batch: Batch = field(default_factory=Batch)
    whos: Whos = field(default_factory=Whos)
    charges: Charges = field(default_factory=Charges)
    _frame: tuple[int, int] = (0, 0)
    _spoken_of: set[bytes | str] = field(default_factory=set)

    def take(self, event_bytes: bytes, stream_number: int, sequence: int) -> None:
        """Counts one event and remembers where it stands."""
        envelope = event_pb2.Event.FromString(event_bytes)
        if (stream_number, sequence) != self._frame:
            self._frame = (stream_number, sequence)
            self._spoken_of.clear()
        for text_id in (envelope.task_id, envelope.call_id, envelope.trace_id):
            if text_id and text_id not in self._spoken_of:
                self._spoken_of.add(text_id)
                as_bytes = text_id if isinstance(text_id, bytes) else text_id.encode()
                self.batch.places.append((crc32(as_bytes), stream_number, sequence))
        if envelope.kind == PLAN_MADE:
            level = (envelope.at_ns, envelope.task_id, thought_level_of(envelope))
            self.batch.levels.append(level)
            return
        fact = fact_of(envelope)
        if fact is not None:
            for counted in self.charges.counted(fact):
                add_fact(self.batch, counted, self.whos)

    def handed_over(self) -> Batch:
        """All that is in no store yet; from here on another batch is filled."""
        batch, self.batch = self.batch, Batch()
        return batch


class StreamReader:
    """Folds one stream into the accounts. `folded` is called behind each frame."""

    def __init__(
        self,
        after: Cursor,
        accounts: Accounts,
        folded: Callable[[], None],
        chain_bytes: bytes = b"",
    ) -> None:
        is_observed = after.stream.kind is StreamKind.OBSERVED
        self.writers = WriterChains(after, chain_bytes) if is_observed else None
        chain: Chain = self.writers or DecidedChain(after)
        self._stream_number = number_of(after.stream)
        self._sequence = after.sequence
        self._folded = folded
        self._projection = Projection(accounts, chain, self._take)
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    @property
    def cursor(self) -> Cursor:
        return self._projection.cursor

    async def follow(self, log: EventLog) -> None:
        """Folds what the log has and gets, until cancelled. Raises LogBroken."""
        await log.open(self.cursor.stream)
        await self._projection.attach(log)
        await log.follow(self.cursor, self._receive)

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
        self._projection.fold(record)
        self._folded()
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
        accounts.take(event_bytes, self._stream_number, self._sequence)
        return accounts
