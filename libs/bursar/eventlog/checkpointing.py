"""Who signs: follows all streams, and signs their heads every 1,000 frames or 60 s."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from time import time_ns

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bursar.errors import LogUnavailable
from bursar.eventlog.checkpoint import Checkpoint, Head, Stretch, sign, verify
from bursar.eventlog.frame import ID_BYTES, NO_HASH, FrameKind, Heading, encode
from bursar.eventlog.log import Cursor, EventLog, FenceRefused, LogClosed, Record
from bursar.eventlog.projection import Projection
from bursar.eventlog.stream import StreamId
from bursar.eventlog.writers import WriterChains

CHECKPOINTS = StreamId("checkpoints")
FRAMES_MAX = 1000
INTERVAL_S = 60.0
ANSWER_S = 2.0
PAUSE_S = 0.1


@dataclass(frozen=True, slots=True)
class CheckpointTerms:
    """How often is signed: after so many frames, or so many seconds when there was one."""

    frames_max: int = FRAMES_MAX
    interval_s: float = INTERVAL_S
    clock: Callable[[], int] = time_ns


class Checkpointer:
    """Signs what it follows into the stream `checkpoints`, beginning where the last one ended.

    At most 160 streams: a checkpoint is one event. Its append is fenced, though the stream is an
    observed one: of several that sign with the same key each continues the other's last.
    """

    def __init__(
        self,
        log: EventLog,
        streams: Sequence[StreamId],
        key: Ed25519PrivateKey,
        terms: CheckpointTerms | None = None,
    ) -> None:
        self.attached = asyncio.Event()
        self._log = log
        self._key = key
        self._terms = terms or CheckpointTerms()
        self._stretches = {stream: Stretch(Head(Cursor(stream))) for stream in streams}
        chain = WriterChains(Cursor(CHECKPOINTS))
        self._signed = Projection[bytes](b"", chain, lambda _, signed, number: signed)
        self._number = 0  # of the last checkpoint
        self._enough = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled. Raises LogBroken (or a group with it) for a fork, and for a checkpoint
        of another key.
        """
        for stream in (CHECKPOINTS, *self._stretches):
            await self._log.open(stream)
        await self._resume()
        async with asyncio.TaskGroup() as tasks:
            for stretch in self._stretches.values():
                tasks.create_task(self._log.follow(stretch.since.cursor, self._receive))
            self.attached.set()
            while True:
                await self._wait()
                if self._unsigned_frames():
                    await self._sign_durably()

    async def _resume(self) -> None:
        """The next checkpoint continues the last one in the log, and every stretch its heads."""
        tail = await self._log.tail(CHECKPOINTS)
        await self._signed.catch_up(self._log, tail.sequence)
        if not self._signed.state:
            return
        last = verify(self._signed.state, self._key.public_key())
        self._number = last.number
        for head in last.heads:
            if head.cursor.stream in self._stretches:
                self._stretches[head.cursor.stream].begin_again(head)

    def _receive(self, record: Record) -> None:
        self._stretches[record.stream].add(record)
        if self._unsigned_frames() >= self._terms.frames_max:
            self._enough.set()

    def _unsigned_frames(self) -> int:
        return sum(map(len, self._stretches.values()))

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._terms.interval_s):
                await self._enough.wait()
        except TimeoutError:
            pass
        self._enough.clear()

    async def _sign_durably(self) -> None:
        """One checkpoint of how it stands now, in the log. Tries until the log takes it."""
        while True:
            try:
                await self._log.append(
                    CHECKPOINTS, self._next_frame(), self._signed.cursor.sequence, ANSWER_S
                )
                await self._resume_certainly()
                return
            except LogClosed:
                raise
            except (FenceRefused, LogUnavailable):  # another's, or our own, may stand there
                await asyncio.sleep(PAUSE_S)
                await self._resume_certainly()

    async def _resume_certainly(self) -> None:
        while True:
            try:
                await self._resume()
                return
            except LogClosed:
                raise
            except LogUnavailable:
                await asyncio.sleep(PAUSE_S)

    def _next_frame(self) -> bytes:
        """A frame of a writer of its own: whether the one before it landed need not be known."""
        last = self._signed.state
        now_ns = self._terms.clock()
        checkpoint = Checkpoint(
            number=self._number + 1,
            signed_at_ns=now_ns,
            previous_hash=sha256(last).digest() if last else NO_HASH,
            heads=tuple(stretch.head() for stretch in self._stretches.values()),
        )
        heading = Heading(
            kind=FrameKind.CHECKPOINT,
            stream=CHECKPOINTS,
            writer_id=os.urandom(ID_BYTES),
            writer_epoch=0,
            writer_sequence=1,
            attempt_id=os.urandom(ID_BYTES),
            first_event_number=1,
            written_at_ns=now_ns,
            previous_hash=NO_HASH,
        )
        return encode(heading, [sign(checkpoint, self._key)])
