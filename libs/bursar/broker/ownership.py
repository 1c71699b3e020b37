"""Which process a data directory belongs to."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from bursar.broker.data_directory import DataDirectory
from bursar.broker.descriptor import OwnDescriptor
from bursar.broker.instance import (
    POLL_INTERVAL_S,
    Instance,
    InstanceRunning,
    read_instance,
    write_instance,
)
from bursar.durable_files import PRIVATE_FILE_MODE, storage_errors
from bursar.errors import Unavailable


class Ownership:
    """A data directory belongs to this process, until it is released or the process ends in any
    way.
    """

    def __init__(self, data_dir: Path, lock: OwnDescriptor) -> None:
        self._data_dir = data_dir
        self._lock = lock
        self._announcements: list[OwnDescriptor] = []

    @classmethod
    def try_take(cls, data_dir: Path) -> Ownership | None:
        """The ownership of `data_dir`, which is made when missing; None when another has it."""
        data = DataDirectory(data_dir)
        data.prepare()
        with storage_errors(data.owner_lock):
            flags = os.O_RDWR | os.O_CREAT
            lock = os.open(data.owner_lock, flags, PRIVATE_FILE_MODE)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.truncate(lock, 0)
                os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
            except BlockingIOError:
                os.close(lock)
                return None
            except BaseException:
                os.close(lock)
                raise
        return cls(data_dir, OwnDescriptor(lock))

    @classmethod
    async def take(cls, data_dir: Path, timeout_s: float) -> Ownership:
        """The ownership of `data_dir`, as soon as an owner that is going has gone.

        Raises InstanceRunning when an owner is there to stay, Unavailable after `timeout_s`.
        """
        deadline_s = time.monotonic() + timeout_s
        while (ownership := cls.try_take(data_dir)) is None:
            instance = read_instance(data_dir)
            if instance is not None:
                raise InstanceRunning.named(instance)
            if time.monotonic() >= deadline_s:
                raise _still_owned(data_dir, timeout_s)
            await asyncio.sleep(POLL_INTERVAL_S)
        return ownership

    def publish(self, instance: Instance) -> None:
        """Announce `instance` to every process, in place of what was announced before."""
        self._announcements.append(write_instance(self._data_dir, instance))
        # The one before stays locked: who has just opened it must not take it for a dead owner's.
        for outdated in self._announcements[:-2]:
            outdated.close()
        del self._announcements[:-2]

    def withdraw(self) -> None:
        """Nobody new joins from now on; again does nothing."""
        if not self._announcements:
            return
        path = DataDirectory(self._data_dir).instance_file
        with storage_errors(path):
            path.unlink(missing_ok=True)
        for announcement in self._announcements:
            announcement.close()
        self._announcements.clear()

    def release(self) -> None:
        """The directory is free; again does nothing."""
        self.withdraw()
        self._lock.close()

    def __enter__(self) -> Ownership:
        return self

    def __exit__(
        self,
        error_class: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def _still_owned(data_dir: Path, timeout_s: float) -> Unavailable:
    try:
        holder = DataDirectory(data_dir).owner_lock.read_text().strip()
    except OSError:
        holder = ""
    return Unavailable(
        f"the process with id {holder or 'unknown'} has {data_dir} and is neither ready nor gone"
        f" after {timeout_s:g} s; end it, or choose another data directory",
        facts={"pid": holder, "path": str(data_dir)},
    )
