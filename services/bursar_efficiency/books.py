"""The accounts and their store: what is folded goes there batch by batch, in a thread of its own.

A start goes on from the last segment; what came after it is read from the log again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from bursar.eventlog.frame import NO_HASH, frame_hash
from bursar.eventlog.log import Cursor, EventLog
from bursar.eventlog.stream import StreamId
from bursar.ledger.v1 import ledger_pb2
from bursar_efficiency.domain.facts import Charges, Fact
from bursar_efficiency.projection import Accounts, StreamReader, checksum, stream_of
from bursar_efficiency.question import Question
from bursar_efficiency.store import Groups, Store, forget

BATCH_ROWS = 16_384
SEGMENT_ROWS = 262_144
# Batches that wait for the store; folding stands still beyond that.
WAITING_MAX = 4
PLACES_MAX = 10_000

_CHARGES = "charges"
_SEQUENCE_BYTES = 8
_DECODER = msgspec.msgpack.Decoder(dict[str, Fact])
_logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Sums:
    """What was asked for, of all and of the dearest groups."""

    whole: Groups
    groups: Groups
    as_of: list[ledger_pb2.Position]
    observed_events_lost: int


class Books:
    """Every fact of the log, to be asked. One loop fills it and asks it."""

    def __init__(self, streams: Sequence[StreamId], directory: Path | None) -> None:
        self._streams = streams
        self._directory = directory
        self._accounts = Accounts()
        self._thread = ThreadPoolExecutor(1, "bursar-accounts")
        self._waiting: deque[Future[None]] = deque()
        self._live_rows = 0
        self._store: Store | None = None
        self.readers: list[StreamReader] = []
        self.folded: Callable[[], None] = lambda: None

    async def open(self, log: EventLog) -> None:
        """Takes up what was sealed, where the log still has it; makes the readers."""
        state = await self._in_thread(self._opened)
        cursors = [_cursor(stream, state.get(str(stream), b"")) for stream in self._streams]
        if not all([await _stands(log, cursor) for cursor in cursors]):
            _logger.warning("the log is another one than was folded: all is replayed")
            state = await self._in_thread(self._opened_anew)
            cursors = [Cursor(stream) for stream in self._streams]
        if _CHARGES in state:
            self._accounts.charges = Charges(_DECODER.decode(state[_CHARGES]))
        for number, *key in await self._in_thread(self._own_store().whos):
            self._accounts.whos.numbers[tuple(map(str, key))] = int(number)
        self.readers = [
            StreamReader(
                cursor, self._accounts, self._count, state.get(str(cursor.stream), b"")[_HEAD:]
            )
            for cursor in cursors
        ]

    async def sums(self, question: Question, groups_max: int) -> Sums:
        """What the question asks, of all that is folded by now."""
        self._hand_over()
        as_of = [_position(reader.cursor) for reader in self.readers]
        lost = sum(reader.writers.missing_events for reader in self.readers if reader.writers)
        whole, groups = await self._in_thread(lambda: self._asked(question, groups_max))
        return Sums(whole, groups, as_of, lost)

    async def places(self, text_id: bytes) -> list[tuple[StreamId, int]]:
        """Frames that may speak of an id, in the order of their streams."""
        self._hand_over()
        store = self._own_store()
        found = await self._in_thread(lambda: store.places(checksum(text_id), PLACES_MAX))
        return [(stream_of(number), sequence) for number, sequence in found]

    async def seal(self) -> None:
        """What is folded by now will not be read from the log again."""
        if self._store is None:
            return
        self._hand_over()
        if self._live_rows:
            self._begin_seal()
        await self._in_thread(lambda: None)

    def close(self) -> None:
        """Waits for what is under way, and lets go of the file."""
        if self._store is not None:
            self._thread.submit(self._store.close)
        self._thread.shutdown()

    def _count(self) -> None:
        if len(self._accounts.batch.rows) >= BATCH_ROWS:
            self._hand_over()
            if self._live_rows >= SEGMENT_ROWS:
                self._begin_seal()
        self.folded()

    def _hand_over(self) -> None:
        batch, store = self._accounts.handed_over(), self._own_store()
        self._live_rows += len(batch.rows)
        self._submit(lambda: store.add(batch))

    def _begin_seal(self) -> None:
        state, store = self._state(), self._own_store()
        self._live_rows = 0
        self._submit(lambda: store.seal(state))

    def _submit(self, work: Callable[[], None]) -> None:
        self._waiting.append(self._thread.submit(work))
        while len(self._waiting) > WAITING_MAX or (self._waiting and self._waiting[0].done()):
            self._waiting.popleft().result()

    def _state(self) -> dict[str, bytes]:
        state = {_CHARGES: msgspec.msgpack.encode(self._accounts.charges.standing)}
        for reader in self.readers:
            cursor = reader.cursor
            chain = b"" if reader.writers is None else reader.writers.dump()
            head = cursor.sequence.to_bytes(_SEQUENCE_BYTES, "big") + cursor.frame_hash
            state[str(cursor.stream)] = head + chain
        return state

    def _asked(self, question: Question, groups_max: int) -> tuple[Groups, Groups]:
        store = self._own_store()
        whole = question.ungrouped
        of_all = Groups(store.totals(whole, "rows"), store.totals(whole, "saved"), 1)
        if not question.dimensions:
            return of_all, Groups([], [], 0)
        return of_all, store.dearest(question, groups_max)

    def _opened(self) -> dict[str, bytes]:
        self._store = Store(self._directory)
        return self._store.state()

    def _opened_anew(self) -> dict[str, bytes]:
        self._own_store().close()
        if self._directory is not None:
            forget(self._directory)
        return self._opened()

    def _own_store(self) -> Store:
        assert self._store is not None, "asked before it was opened"
        return self._store

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


_HEAD = _SEQUENCE_BYTES + len(NO_HASH)


def _cursor(stream: StreamId, packed: bytes) -> Cursor:
    if not packed:
        return Cursor(stream)
    sequence = int.from_bytes(packed[:_SEQUENCE_BYTES], "big")
    return Cursor(stream, sequence, packed[_SEQUENCE_BYTES:_HEAD])


async def _stands(log: EventLog, cursor: Cursor) -> bool:
    """Whether the log has the frame that was folded last."""
    if not cursor.sequence:
        return True
    await log.open(cursor.stream)
    record = await log.get(cursor.stream, cursor.sequence)
    return record is not None and frame_hash(record.frame) == cursor.frame_hash


def _position(cursor: Cursor) -> ledger_pb2.Position:
    return ledger_pb2.Position(
        stream=cursor.stream.name,
        partition=cursor.stream.partition,
        sequence=cursor.sequence,
    )
