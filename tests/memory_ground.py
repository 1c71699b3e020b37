"""A ground for tests of services: everything real, in memory and in one directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import time_ns
from typing import Any

from bursar.blobs import MemoryBlobStore
from bursar.eventlog.log import EventLog
from bursar.eventlog.memory import MemoryLog
from bursar.identity import Keyring, NameTable
from bursar.wiring.module import Ground


def memory_ground(
    data_dir: Path,
    log: EventLog | None = None,
    clock: Callable[[], int] = time_ns,
    **more: Any,
) -> Ground:
    """A ground on `data_dir`; on a log of its own unless one is given, as replicas share one.
    `more` are fields of it.
    """
    keyring = Keyring.open(data_dir)
    return Ground(
        log=log or MemoryLog(),
        blobs=MemoryBlobStore(keyring.blob_address),
        keyring=keyring,
        names=NameTable.open(data_dir),
        data_dir=data_dir,
        identity_dir=data_dir,
        clock=clock,
        **more,
    )
