"""A caller's request as it came, whole."""

from __future__ import annotations

from enum import Enum

import msgspec

Headers = list[tuple[bytes, bytes]]
"""Fields in the order they came, names in lower case."""


class Fault(Enum):
    """Why a request was not read to its end; whoever answers it says so and nothing else."""

    TOO_LARGE = "too_large"
    OVERLOADED = "overloaded"


class Request(msgspec.Struct):
    """One request. `target` is the path and the query, byte for byte.

    `is_last` says that its client ends the connection after the answer; `is_chunking` that it
    understands answers in chunks, as all do but those of HTTP/1.0.
    """

    method: str
    target: bytes
    headers: Headers
    body: bytes
    is_last: bool = False
    is_chunking: bool = True
    fault: Fault | None = None

    @property
    def path(self) -> str:
        """What comes before the query."""
        return self.target.partition(b"?")[0].decode("latin-1")

    def fields(self) -> dict[bytes, bytes]:
        """The headers by name; of one that comes twice the last."""
        return dict(self.headers)
