"""Signed checkpoints: what all streams held at one moment, by a key that no writer has.

Whoever keeps a checkpoint can show later that a stream was rewritten before it, even by someone who
could write every frame anew. The bytes are specified in docs/log-format.md.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bursar.errors import LogBroken
from bursar.eventlog import merkle
from bursar.eventlog.frame import NO_HASH, frame_hash
from bursar.eventlog.log import Cursor, Record
from bursar.eventlog.stream import StreamId

_MAGIC = b"BRSC"
_VERSION = 1
_START = struct.Struct(">4sB3xQQ32sI")  # magic, version, number, signed at, previous, heads
_HEAD = struct.Struct(">28sQ32s32s")  # stream, sequence, frame hash, history
_END = struct.Struct(">32s64s")  # public key, signature over everything before it


@dataclass(frozen=True, slots=True)
class Head:
    """A stream's last frame when a checkpoint was signed, and the hash of its whole history.

    `history` is SHA-256 of the history that was signed before and the Merkle root of the hashes of
    the frames since, from 32 zero bytes on. In an observed stream the last frame's hash alone would
    say nothing of the other writers; and any frame is proved by a short path.
    """

    cursor: Cursor
    history: bytes = NO_HASH


class Stretch:
    """The frames of a stream since its head was signed, until it is signed again."""

    def __init__(self, since: Head) -> None:
        self.since = since
        self._hashes: list[bytes] = []

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, record: Record) -> None:
        """The next frame; one that is signed already changes nothing."""
        if record.sequence > self.since.cursor.sequence:
            self._hashes.append(frame_hash(record.frame))

    def head(self) -> Head:
        """What is to be signed once the last frame that was added is the last to be signed."""
        if not self._hashes:
            return self.since
        since = self.since.cursor
        cursor = Cursor(since.stream, since.sequence + len(self._hashes), self._hashes[-1])
        return Head(cursor, history_of(self.since.history, merkle.root(self._hashes)))

    def path(self, sequence: int) -> list[bytes]:
        """From the frame's hash to the root. Raises IndexError for a frame that is not in it."""
        return merkle.path(self._hashes, sequence - self.since.cursor.sequence - 1)

    def begin_again(self, since: Head) -> None:
        """`since` was signed: what is left are the frames behind it."""
        signed = since.cursor.sequence - self.since.cursor.sequence
        self.since, self._hashes = since, self._hashes[max(0, signed) :]


def history_of(previous: bytes, root: bytes) -> bytes:
    """The hash of a history that goes on with a stretch of this root."""
    return sha256(previous + root).digest()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The heads of all streams. `previous_hash` is of the checkpoint before, as it was stored."""

    number: int  # from 1
    signed_at_ns: int
    previous_hash: bytes
    heads: tuple[Head, ...]


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> bytes:
    """The checkpoint as it is stored."""
    start = _START.pack(
        _MAGIC,
        _VERSION,
        checkpoint.number,
        checkpoint.signed_at_ns,
        checkpoint.previous_hash,
        len(checkpoint.heads),
    )
    heads = [
        _HEAD.pack(
            head.cursor.stream.packed, head.cursor.sequence, head.cursor.frame_hash, head.history
        )
        for head in checkpoint.heads
    ]
    content = b"".join((start, *heads, key.public_key().public_bytes_raw()))
    return content + key.sign(content)


def verify(signed: bytes, key: Ed25519PublicKey) -> Checkpoint:
    """What was signed. Raises LogBroken when it was not by `key`, or is no checkpoint."""
    if len(signed) < _START.size + _END.size:
        raise LogBroken("a checkpoint is cut off")
    own_key, signature = _END.unpack_from(signed, len(signed) - _END.size)
    if own_key != key.public_bytes_raw():
        raise LogBroken("a checkpoint was signed with another key")
    try:
        key.verify(signature, signed[: -len(signature)])
    except InvalidSignature as error:
        raise LogBroken("a checkpoint's signature is wrong") from error
    return opened(signed)


def opened(signed: bytes) -> Checkpoint:
    """What it says, whoever signed it. Raises LogBroken for what is no checkpoint."""
    if len(signed) < _START.size + _END.size:
        raise LogBroken("a checkpoint is cut off")
    magic, version, number, signed_at_ns, previous_hash, count = _START.unpack_from(signed)
    heads = signed[_START.size : len(signed) - _END.size]
    if (magic, version) != (_MAGIC, _VERSION) or len(heads) != count * _HEAD.size:
        raise LogBroken("a checkpoint of an unknown version")
    return Checkpoint(
        number,
        signed_at_ns,
        previous_hash,
        tuple(_head_of(*row) for row in _HEAD.iter_unpack(heads)),
    )


def _head_of(packed: bytes, sequence: int, own_hash: bytes, history: bytes) -> Head:
    name, partition = (
        packed[:24].rstrip(b"\x00").decode("ascii"),
        int.from_bytes(packed[24:], "big"),
    )
    return Head(Cursor(StreamId(name, partition), sequence, own_hash), history)
