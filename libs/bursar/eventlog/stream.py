"""Which streams there are, who may write them, and how much of the store each may fill."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from bursar.errors import InvalidRequest

STREAM_NAME_BYTES_MAX = 24
PARTITION_MAX = 999
SHARE_SUM_PCT_MAX = 80  # the rest of the store is for consumers, leases and what an operator adds

_NAME = re.compile(r"[a-z][a-z0-9]{0,23}")


class StreamKind(Enum):
    """Who may append to a stream."""

    DECIDED = "decided"  # one fenced writer a partition, one hash chain, gapless event numbers
    OBSERVED = "observed"  # any replica, no fence, a hash chain and a count for each writer


@dataclass(frozen=True, slots=True)
class StreamTerms:
    """What holds for all partitions of a stream together."""

    kind: StreamKind
    share_pct: int  # of the store's bytes


STREAMS: dict[str, StreamTerms] = {
    "usage": StreamTerms(StreamKind.DECIDED, share_pct=30),
    "tasks": StreamTerms(StreamKind.DECIDED, share_pct=15),
    "cache": StreamTerms(StreamKind.OBSERVED, share_pct=10),
    "plans": StreamTerms(StreamKind.OBSERVED, share_pct=10),
    "compression": StreamTerms(StreamKind.OBSERVED, share_pct=10),
    "checkpoints": StreamTerms(StreamKind.OBSERVED, share_pct=1),
}


@dataclass(frozen=True, slots=True)
class StreamId:
    """One partition of one stream: the unit that has an order, a writer and a cursor."""

    name: str
    partition: int = 0
    # As it stands in every frame: the name padded with NUL to 24 bytes, the partition in 4.
    packed: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if _NAME.fullmatch(self.name) is None:
            raise InvalidRequest.of("stream", self.name, "use 1-24 of a-z and 0-9, a letter first")
        if not 0 <= self.partition <= PARTITION_MAX:
            raise InvalidRequest.of("partition", self.partition, f"use 0 to {PARTITION_MAX}")
        name = self.name.encode().ljust(STREAM_NAME_BYTES_MAX, b"\x00")
        object.__setattr__(self, "packed", name + self.partition.to_bytes(4, "big"))

    @classmethod
    def unpacked(cls, packed: bytes) -> StreamId:
        """The stream whose `packed` this is. Raises InvalidRequest when it is none."""
        name = packed[:STREAM_NAME_BYTES_MAX].rstrip(b"\x00").decode("ascii", errors="replace")
        return cls(name, int.from_bytes(packed[STREAM_NAME_BYTES_MAX:], "big"))

    @property
    def kind(self) -> StreamKind:
        """Raises InvalidRequest for a name that is not in STREAMS."""
        return terms_of(self).kind

    @property
    def jetstream_name(self) -> str:
        return f"BURSAR_{self.name.upper()}_{self.partition:02d}"

    @property
    def subject(self) -> str:
        return f"bursar.{self.name}.{self.partition:02d}"

    def __str__(self) -> str:
        return f"{self.name}/{self.partition}"


def terms_of(stream: StreamId) -> StreamTerms:
    """The terms of `stream`. Raises InvalidRequest for a name that is not in STREAMS."""
    terms = STREAMS.get(stream.name)
    if terms is None:
        raise InvalidRequest.of("stream", stream.name, f"use one of {', '.join(STREAMS)}")
    return terms


def signed_streams(usage_partitions: int) -> tuple[StreamId, ...]:
    """Every stream there is, but for the checkpoints that sign them."""
    counts = {name: 1 for name in STREAMS if name != "checkpoints"} | {"usage": usage_partitions}
    return tuple(StreamId(name, at) for name, count in counts.items() for at in range(count))


def max_bytes_of(stream: StreamId, store_bytes: int, partitions: int) -> int:
    """The bytes that one partition of `stream` may fill: its share, split evenly, rounded down."""
    return store_bytes * terms_of(stream).share_pct // 100 // partitions
