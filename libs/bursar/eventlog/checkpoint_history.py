"""What was signed of each stream, from the log's own checkpoints and from published ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bursar.errors import LogBroken
from bursar.eventlog.checkpoint import Checkpoint, Head, verify
from bursar.eventlog.checkpointing import CHECKPOINTS
from bursar.eventlog.frame import NO_HASH, broken, decode
from bursar.eventlog.log import Record
from bursar.eventlog.stream import StreamId

Signed = dict[int, Head]  # by sequence


@dataclass(slots=True)
class CheckpointHistory:
    """Checkpoints in the order in which they were signed, each checked by `key`."""

    key: Ed25519PublicKey
    signed: dict[StreamId, Signed] = field(default_factory=dict)
    count: int = 0
    _by_number: dict[int, bytes] = field(default_factory=dict)
    _previous_hash: bytes = NO_HASH

    def receive(self, record: Record) -> None:
        """The next frame of the stream `checkpoints`.

        Raises LogBroken that names it when a signature, a number or the chain is wrong.
        """
        for signed in decode(record.frame, CHECKPOINTS, record.sequence).events:
            try:
                checkpoint = verify(signed, self.key)
            except LogBroken as error:
                raise broken(CHECKPOINTS, record.sequence, error.message) from error
            if checkpoint.number != self.count + 1:
                raise broken(
                    CHECKPOINTS, record.sequence, f"checkpoint {self.count + 1} is missing"
                )
            if checkpoint.previous_hash != self._previous_hash:
                raise broken(
                    CHECKPOINTS, record.sequence, "it does not continue the checkpoint before it"
                )
            self.count += 1
            self._previous_hash = self._by_number[checkpoint.number] = sha256(signed).digest()
            self._keep(checkpoint)

    def take_published(self, published: Sequence[bytes]) -> None:
        """Checkpoints that were kept outside: they count, whatever the log says.

        Raises LogBroken for one that `key` did not sign, and for one that is not in the log as it
        was published.
        """
        for signed in published:
            checkpoint = verify(signed, self.key)
            known = self._by_number.get(checkpoint.number)
            if known is None:
                self._keep_ends(checkpoint)
                raise LogBroken(
                    f"checkpoint {checkpoint.number} was published, and is not in the log: its end"
                    " was cut off"
                )
            if known != sha256(signed).digest():
                self._keep_ends(checkpoint)
                raise LogBroken(
                    f"checkpoint {checkpoint.number} in the log is not the one that was published"
                )

    def _keep_ends(self, checkpoint: Checkpoint) -> None:
        """Of one whose predecessor is not in the log: its histories cannot be computed again."""
        heads = tuple(Head(head.cursor) for head in checkpoint.heads)
        self._keep(replace(checkpoint, heads=heads))

    def _keep(self, checkpoint: Checkpoint) -> None:
        for head in checkpoint.heads:
            if head.cursor.sequence:
                self.signed.setdefault(head.cursor.stream, {})[head.cursor.sequence] = head
