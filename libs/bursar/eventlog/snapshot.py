"""Snapshots: a cache of what replay would give. Damaged, too new or missing costs time only.

A file holds the cursor, the chain's and the service's bytes, and a digest of all of it:
`BRSS`, format (1 byte), schema version (4), stream (24), partition (4), sequence (8), frame hash
(32), lengths of chain (4) and body (8), chain, body, SHA-256 of everything before it (32). Numbers
are big-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bursar.durable_files import make_private_directory, replace_file
from bursar.eventlog.frame import frame_hash
from bursar.eventlog.log import Cursor, EventLog
from bursar.eventlog.stream import StreamId

SNAPSHOTS_KEPT = 2  # the newest, and one older in case it is damaged

_MAGIC = b"BRSS"
_FORMAT = 1
_HEAD = struct.Struct(">4sBI28sQ32sIQ")
_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state as the service writes it, and the cursor it stands for.

    `chain` is what the projection's chain keeps beside the cursor: `WriterChains.dump()`, or
    nothing for a decided stream.
    """

    cursor: Cursor
    body: bytes
    chain: bytes = b""


class Snapshots:
    """The snapshots of one stream in a directory.

    `schema_version` is that of the service's bytes: files of another version are passed over.
    Writing blocks on the disk: call it in a thread when the body is big.
    """

    def __init__(self, directory: Path, stream: StreamId, schema_version: int) -> None:
        self._directory = directory
        self._stream = stream
        self._schema_version = schema_version

    def write(self, snapshot: Snapshot) -> Path:
        """The file, durable and whole, or not there at all. Older ones beyond two are removed.

        Raises StorageFull, FailedPrecondition or Unavailable for what the disk refuses.
        """
        make_private_directory(self._directory)
        path = self._directory / f"{self._prefix}{snapshot.cursor.sequence:020d}.snapshot"
        replace_file(path, self._packed(snapshot))
        for old in self._paths()[SNAPSHOTS_KEPT:]:
            old.unlink(missing_ok=True)
        return path

    def usable(self) -> list[Snapshot]:
        """All that are whole and of this schema version, the newest first."""
        found = (self._unpacked(path.read_bytes()) for path in self._paths())
        return [snapshot for snapshot in found if snapshot is not None]

    async def newest(self, log: EventLog) -> Snapshot | None:
        """The newest whose frame the log still has at its place; None means a full replay."""
        for snapshot in self.usable():
            record = await log.get(self._stream, snapshot.cursor.sequence)
            if record is not None and frame_hash(record.frame) == snapshot.cursor.frame_hash:
                return snapshot
        return None

    @property
    def _prefix(self) -> str:
        return f"{self._stream.name}-{self._stream.partition:02d}-"

    def _paths(self) -> list[Path]:
        return sorted(self._directory.glob(f"{self._prefix}*.snapshot"), reverse=True)

    def _packed(self, snapshot: Snapshot) -> bytes:
        cursor = snapshot.cursor
        head = _HEAD.pack(
            _MAGIC,
            _FORMAT,
            self._schema_version,
            self._stream.packed,
            cursor.sequence,
            cursor.frame_hash,
            len(snapshot.chain),
            len(snapshot.body),
        )
        content = head + snapshot.chain + snapshot.body
        return content + sha256(content).digest()

    def _unpacked(self, packed: bytes) -> Snapshot | None:
        """None for a file that is damaged, of another stream, or of another version."""
        content, digest = packed[:-_DIGEST_BYTES], packed[-_DIGEST_BYTES:]
        if len(content) < _HEAD.size or sha256(content).digest() != digest:
            return None
        *whose, sequence, own_hash, chain_bytes, body_bytes = _HEAD.unpack_from(content)
        if whose != [_MAGIC, _FORMAT, self._schema_version, self._stream.packed]:
            return None
        chain_end = _HEAD.size + chain_bytes
        if len(content) != chain_end + body_bytes:
            return None
        cursor = Cursor(self._stream, sequence, own_hash)
        return Snapshot(cursor, body=content[chain_end:], chain=content[_HEAD.size : chain_end])
