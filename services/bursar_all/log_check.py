"""The whole log checked: its checkpoints first, then every stream against what they signed."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bursar.errors import FailedPrecondition, LogBroken
from bursar.eventlog.checkpoint_history import CheckpointHistory
from bursar.eventlog.checkpointing import CHECKPOINTS
from bursar.eventlog.following import follow_until
from bursar.eventlog.frame import decode
from bursar.eventlog.log import Cursor, EventLog, Record, StreamMissing
from bursar.eventlog.stream import StreamId
from bursar.eventlog.verification import Progress, Verified, streams_there, verify_stream


@dataclass(slots=True)
class Checked:
    """What was found. `faults` are of the checkpoints themselves; None checkpoints: no key."""

    checkpoints: int | None = None
    streams: list[Verified] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.faults and all(found.damage is None for found in self.streams)


async def chosen_streams(log: EventLog, name: str | None) -> list[StreamId]:
    """All streams, or those of one name (`usage`, `usage/3`).

    Raises FailedPrecondition when the log has none of it.
    """
    found = [
        stream for stream in await streams_there(log) if name in (None, stream.name, str(stream))
    ]
    if not found:
        raise FailedPrecondition(f"the log has no stream {name or 'at all'}")
    return found


async def check_log(
    log: EventLog,
    streams: Sequence[StreamId],
    history: CheckpointHistory | None,
    progress: Progress,
) -> Checked:
    """Every stream in turn; a damaged one keeps none of the others from being checked."""
    checked = Checked(faults=[])
    if history is not None:
        checked.checkpoints = history.count
    for stream in streams:
        signed = {} if history is None else history.signed.get(stream, {})
        checked.streams.append(await verify_stream(log, stream, signed, progress))
    return checked


async def read_history(
    log: EventLog, key: Ed25519PublicKey, published: Sequence[bytes]
) -> tuple[CheckpointHistory, list[str]]:
    """What was signed, and what is wrong with the checkpoints themselves."""
    history, faults = CheckpointHistory(key), []
    try:
        await _read_all(log, CHECKPOINTS, history)
    except LogBroken as error:
        faults.append(error.message)
    for signed in published:
        try:
            history.take_published([signed])
        except LogBroken as error:
            faults.append(error.message)
    return history, faults


async def newest_checkpoint(log: EventLog) -> bytes | None:
    """As it was signed; None when nothing was signed yet."""
    try:
        tail = await log.tail(CHECKPOINTS)
    except StreamMissing:
        return None
    record = await log.get(CHECKPOINTS, tail.sequence) if tail.sequence else None
    return decode(record.frame, CHECKPOINTS, record.sequence).events[-1] if record else None


def as_text(signed: bytes) -> str:
    """A checkpoint as it is published: one line of base 64."""
    return base64.b64encode(signed).decode()


def published_in(path: Path) -> list[bytes]:
    """The checkpoints in a file, one a line. Raises FailedPrecondition for what is none."""
    try:
        lines = path.read_text(encoding="ascii").split()
        return [base64.b64decode(line, validate=True) for line in lines]
    except (OSError, ValueError) as error:
        raise FailedPrecondition(
            f"{path} holds no published checkpoints: {type(error).__name__}"
        ) from error


async def _read_all(log: EventLog, stream: StreamId, history: CheckpointHistory) -> None:
    try:
        tail = await log.tail(stream)
    except StreamMissing:
        return
    enough = asyncio.Event()

    def receive(record: Record) -> None:
        history.receive(record)
        if record.sequence >= tail.sequence:
            enough.set()

    if tail.sequence:
        await follow_until(log, Cursor(stream), receive, enough)
