"""Starting an instance in the background, once for all who want it."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bursar.broker.data_directory import DataDirectory
from bursar.broker.descriptor import OwnDescriptor
from bursar.broker.detached_process import DetachedProcess
from bursar.broker.instance import POLL_INTERVAL_S, Instance, read_instance
from bursar.broker.logs import last_lines, open_log, size_of
from bursar.durable_files import PRIVATE_FILE_MODE, storage_errors
from bursar.errors import DeadlineExceeded, Unavailable

_COUNT_BYTES = 20


async def ensure_instance(data_dir: Path, command: Sequence[str], timeout_s: float) -> Instance:
    """The instance that runs in `data_dir`; when none does, `command` is started to become it.

    Of any number of callers at once exactly one starts it, in a session of its own, and all wait
    until it has published itself. Raises Unavailable with the end of its log when it dies before,
    DeadlineExceeded after `timeout_s` (it may still come up).
    """
    instance = read_instance(data_dir)
    if instance is not None:
        return instance
    data = DataDirectory(data_dir)
    data.prepare()
    try:
        async with asyncio.timeout(timeout_s), _the_only_start(data) as start:
            return await start.instance(command)
    except TimeoutError as error:
        raise DeadlineExceeded(
            f"no instance came up in {data_dir} within {timeout_s:g} s{_cited(data, 0)}",
            facts={"path": str(data_dir)},
        ) from error


class _Start:
    """One attempt, by the holder of the lock. The lock's file counts the attempts that failed."""

    def __init__(self, data: DataDirectory, lock: OwnDescriptor) -> None:
        self._data = data
        self._lock = lock
        self._failures_before = self._failures()

    async def instance(self, command: Sequence[str]) -> Instance:
        instance = read_instance(self._data.path)
        if instance is not None:
            return instance
        if self._failures() > self._failures_before:  # the start we waited for has failed
            raise self._failed(0)
        log = open_log(self._data.instance_log)
        log_starts_at = size_of(self._data.instance_log)
        try:
            process = DetachedProcess(command, log)
        finally:
            os.close(log)
        while True:
            # Asked before the file is read: an instance that published and ended is no failure.
            ended = process.has_ended
            instance = read_instance(self._data.path)
            if instance is not None:
                return instance
            if ended:
                os.pwrite(self._lock.number, str(self._failures() + 1).encode(), 0)
                raise self._failed(log_starts_at)
            await asyncio.sleep(POLL_INTERVAL_S)

    def _failures(self) -> int:
        return int(os.pread(self._lock.number, _COUNT_BYTES, 0) or b"0")

    def _failed(self, log_starts_at: int) -> Unavailable:
        cited = _cited(self._data, log_starts_at)
        return Unavailable(f"the instance ended before it was ready{cited}")


@asynccontextmanager
async def _the_only_start(data: DataDirectory) -> AsyncIterator[_Start]:
    with storage_errors(data.spawn_lock):
        flags = os.O_RDWR | os.O_CREAT
        lock = OwnDescriptor(os.open(data.spawn_lock, flags, PRIVATE_FILE_MODE))
    try:
        start = _Start(data, lock)
        while True:
            if _took(lock):
                break
            await asyncio.sleep(POLL_INTERVAL_S)
        yield start
    finally:
        lock.close()


def _took(lock: OwnDescriptor) -> bool:
    try:
        fcntl.flock(lock.number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _cited(data: DataDirectory, log_starts_at: int) -> str:
    lines = last_lines(data.instance_log, log_starts_at)
    return f"; its log ends with:\n{lines}" if lines else ""
