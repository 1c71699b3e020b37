"""Who signs: follows all streams, and signs their heads every 1,000 frames or 60 s."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import time_ns

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from bursar.durable_files import replace_file
from bursar.errors import FailedPrecondition
from bursar.eventlog.checkpoint import Checkpoint, Head, sign, verify
from bursar.eventlog.frame import NO_HASH, FrameKind
from bursar.eventlog.log import Cursor, EventLog, Record
from bursar.eventlog.observed import ObservedTerms, ObservedWriter
from bursar.eventlog.projection import Projection
from bursar.eventlog.stream import StreamId
from bursar.eventlog.writers import WriterChains

CHECKPOINTS = StreamId("checkpoints")
FRAMES_MAX = 1000
INTERVAL_S = 60.0


@dataclass(frozen=True, slots=True)
class CheckpointTerms:
    """How often is signed: after so many frames, or so many seconds when there was one."""

    frames_max: int = FRAMES_MAX
    interval_s: float = INTERVAL_S
    clock: Callable[[], int] = time_ns


class Checkpointer:
    """Signs what it follows into the stream `checkpoints`, beginning where the last one ended.

    One for a log, and at most 160 streams: a checkpoint is one event.
    """

    def __init__(
        self,
        log: EventLog,
        streams: Sequence[StreamId],
        key: Ed25519PrivateKey,
        terms: CheckpointTerms | None = None,
    ) -> None:
        self._log = log
        self._key = key
        self._terms = terms or CheckpointTerms()
        self._heads = {stream: Head(Cursor(stream)) for stream in streams}
        self._number = 0
        self._previous_hash = NO_HASH
        self._unsigned_frames = 0
        self._enough = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled. Raises LogBroken (or a group with it) for a fork, and for a checkpoint
        of another key.
        """
        for stream in (CHECKPOINTS, *self._heads):
            await self._log.open(stream)
        await self._resume()
        writer = ObservedWriter(
            self._log, CHECKPOINTS, ObservedTerms(kind=FrameKind.CHECKPOINT, frame_s=0.0)
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writer.run())
            for head in self._heads.values():
                tasks.create_task(self._log.follow(head.cursor, self._receive))
            while True:
                await self._wait()
                if self._unsigned_frames:
                    writer.write(self._sign())

    async def _resume(self) -> None:
        """Takes number, hash and heads from the last checkpoint in the log."""
        tail = await self._log.tail(CHECKPOINTS)
        chain = WriterChains(Cursor(CHECKPOINTS))
        found = Projection[bytes](b"", chain, lambda _, signed, number: signed)
        await found.catch_up(self._log, tail.sequence)
        if not found.state:
            return
        last = verify(found.state, self._key.public_key())
        self._number, self._previous_hash = last.number, sha256(found.state).digest()
        for head in last.heads:
            if head.cursor.stream in self._heads:
                self._heads[head.cursor.stream] = head

    def _receive(self, record: Record) -> None:
        self._heads[record.stream] = self._heads[record.stream].after(record)
        self._unsigned_frames += 1
        if self._unsigned_frames >= self._terms.frames_max:
            self._enough.set()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._terms.interval_s):
                await self._enough.wait()
        except TimeoutError:
            pass
        self._enough.clear()

    def _sign(self) -> bytes:
        self._number += 1
        self._unsigned_frames = 0
        checkpoint = Checkpoint(
            self._number, self._terms.clock(), self._previous_hash, tuple(self._heads.values())
        )
        signed = sign(checkpoint, self._key)
        self._previous_hash = sha256(signed).digest()
        return signed


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key in `path` (PEM), made there for this user alone when there is none.

    Keep it where the writers cannot read it. Raises FailedPrecondition for a file that is no key.
    """
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        replace_file(path, pem)
        return key
    try:
        loaded = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise FailedPrecondition(f"{path} holds no private key: {type(error).__name__}") from error
    if not isinstance(loaded, Ed25519PrivateKey):
        raise FailedPrecondition(f"{path} holds a key of another kind than Ed25519")
    return loaded
