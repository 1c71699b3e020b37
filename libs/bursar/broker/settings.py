"""What can be set about the embedded broker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MAX_PAYLOAD_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Sizes in bytes, waits in seconds.

    store_limit_bytes: what all streams on disk may reserve together.
    memory_limit_bytes: the same for streams in memory (leases).
    min_free_bytes: a start with less free space on the disk is refused.
    start_timeout_s: for everything up to readiness, the end of an old broker included.
    nats_server: the binary; None finds the one of the installed package.
    """

    store_limit_bytes: int = 8 * 1024**3
    memory_limit_bytes: int = 64 * 1024**2
    min_free_bytes: int = 64 * 1024**2
    start_timeout_s: float = 30.0
    nats_server: Path | None = None
