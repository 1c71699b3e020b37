"""Whom a task works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bursar.blobs import BlobStore
from bursar.clients.cache import CacheClient
from bursar.clients.compressor import CompressorClient
from bursar.clients.planner import PlannerClient
from bursar.clients.quota import QuotaClient
from bursar_executor.backends.registry import Registry
from bursar_executor.tasks.ending import Ending
from bursar_executor.tasks.file_tokens import FileTokens


@dataclass(frozen=True, slots=True)
class Collaborators:
    """The services and stores of this process; `clock` gives nanoseconds since 1970 UTC."""

    quota: QuotaClient
    planner: PlannerClient
    cache: CacheClient
    compressor: CompressorClient
    backends: Registry
    blobs: BlobStore
    clock: Callable[[], int]
    file_tokens: FileTokens = field(default_factory=FileTokens)
    # True where callers are on this machine and their directories may be looked at.
    is_local: bool = False

    @property
    def ending(self) -> Ending:
        """Writes the ends of tasks down."""
        return Ending(self.blobs)
