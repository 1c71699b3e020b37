"""A proof that one event stands in the log: checked offline, with the notary's public key alone.

It shows the event, its salt and its path to the root in its frame's header, and that header's path
to what the next checkpoint signed. Of neighbours it holds hashes, which their salts keep from
telling anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bursar.errors import LogBroken
from bursar.eventlog import merkle
from bursar.eventlog.checkpoint import Checkpoint, history_of, verify
from bursar.eventlog.frame import HEADER_BYTES, FrameHeader, decode_header, frame_hash
from bursar.eventlog.stream import StreamId


@dataclass(frozen=True, slots=True)
class Path:
    """The way from a leaf to a root: its place among so many, and the neighbours' hashes."""

    index: int
    count: int
    hashes: Sequence[bytes]

    def root(self, leaf: bytes) -> bytes | None:
        return merkle.root_by(leaf, self.index, self.count, self.hashes)


@dataclass(frozen=True, slots=True)
class Proof:
    """All that is needed. `history_before` is what the checkpoint before signed of the stream."""

    stream: StreamId
    sequence: int
    event: bytes
    salt: bytes
    header: bytes
    in_frame: Path
    history_before: bytes
    in_stretch: Path
    checkpoint: bytes


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof shows: the event, its frame's header, and the checkpoint that signed it."""

    event: bytes
    header: FrameHeader
    checkpoint: Checkpoint
    event_number: int


def check(proof: Proof, key: Ed25519PublicKey) -> Proved:
    """What it proves. Raises LogBroken, saying which step does not hold."""
    header = _header_of(proof)
    if proof.in_frame.count != header.event_count:
        raise LogBroken("the frame's header counts other events than the path")
    if proof.in_frame.root(merkle.leaf_hash(proof.salt, proof.event)) != header.root:
        raise LogBroken("the event's path does not lead to the root in the frame's header")
    root = proof.in_stretch.root(frame_hash(proof.header))
    if root is None:
        raise LogBroken("the frame's path is not one of its place")
    checkpoint = verify(proof.checkpoint, key)
    heads = {head.cursor.stream: head for head in checkpoint.heads}
    head = heads.get(proof.stream)
    if head is None or head.history != history_of(proof.history_before, root):
        raise LogBroken("the frame's path does not lead to what the checkpoint signed")
    first_sequence = head.cursor.sequence - proof.in_stretch.count + 1
    if proof.sequence != first_sequence + proof.in_stretch.index:
        raise LogBroken("the frame stands at another place than the proof says")
    number = header.first_event_number + proof.in_frame.index
    return Proved(proof.event, header, checkpoint, number)


def _header_of(proof: Proof) -> FrameHeader:
    """The header without its body, whose length it tells."""
    if len(proof.header) != HEADER_BYTES:
        raise LogBroken("the frame's header is cut off")
    body_bytes = int.from_bytes(proof.header[-4:], "big")
    return decode_header(proof.header + bytes(body_bytes), proof.stream, proof.sequence)
