"""Where the work on a text is done, so that the event loop never waits for it.

A short text is worked on at once. A longer one goes to a thread: Python's threads take turns every
5 ms, and no single step on a text of that length holds its turn longer. A long one goes to a
process, made on first use and ended when nothing came for a while.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from typing import TypeVar

from bursar.errors import Overloaded
from bursar_compressor.settings import CompressorSettings

AT_ONCE_CHARS_MAX = 4 * 1024
THREAD_CHARS_MAX = 32 * 1024
ALLOCATIONS_PER_COLLECTION = 100_000
RETRY_AFTER_NS = 1_000_000_000
BROKEN_POOLS_MAX = 3  # after these, long texts are worked on in a thread for good

Result = TypeVar("Result")

_logger = logging.getLogger(__name__)


class Workers:
    """Runs functions that can be pickled. At most `waiting_max` wait; more are refused."""

    def __init__(self, settings: CompressorSettings) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="compressor")
        self._processes: ProcessPoolExecutor | None = None
        self._broken_pools = 0
        self._waiting = 0
        self._in_processes = 0
        self._idle: asyncio.TimerHandle | None = None

    async def run(self, chars: int, function: Callable[[], Result]) -> Result:
        """What `function` gives for a text of `chars`. Raises Overloaded, and what it raises."""
        if chars <= AT_ONCE_CHARS_MAX:
            return function()
        if self._waiting >= self._settings.waiting_max:
            raise Overloaded("too many texts wait to be compressed", retry_after_ns=RETRY_AFTER_NS)
        self._waiting += 1
        try:
            if chars > THREAD_CHARS_MAX and self._broken_pools < BROKEN_POOLS_MAX:
                return await self._in_process(function)
            return await _in(self._threads, function)
        finally:
            self._waiting -= 1

    def end_idle(self) -> None:
        """Ends processes that work on nothing; the next long text gets new ones."""
        if not self._in_processes:
            self._end_processes()

    def close(self) -> None:
        """Ends threads and processes once they have finished what they work on."""
        self._end_processes()
        self._threads.shutdown(wait=False)

    async def _in_process(self, function: Callable[[], Result]) -> Result:
        """In a thread after all when the process ends without an answer: killed for its memory, or
        started by a script that cannot be imported twice.
        """
        processes = self._started()
        self._in_processes += 1
        try:
            return await _in(processes, function)
        except BrokenProcessPool:
            if processes is self._processes:
                self._broken_pools += 1
                self._end_processes()
                _logger.warning("a compressing process ended; its text is compressed in a thread")
        finally:
            self._in_processes -= 1
            if not self._in_processes:
                self._end_later()
        return await _in(self._threads, function)

    def _started(self) -> ProcessPoolExecutor:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._processes is None:
            # Spawned, not forked: gRPC's threads do not survive a fork.
            self._processes = ProcessPoolExecutor(
                max_workers=self._settings.processes_max,
                mp_context=get_context("spawn"),
                initializer=begin_process,
            )
        return self._processes

    def _end_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(self._settings.idle_s, self.end_idle)

    def _end_processes(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._processes is not None:
            self._processes.shutdown(wait=False, cancel_futures=True)
            self._processes = None


def begin_process() -> None:
    """Called first in each process."""
    end_with_parent()
    collect_rarely()


def collect_rarely() -> None:
    """Methods make many small objects and no circles of them: looking for those took a tenth of
    their time (`benchmarks/compressor.py` with and without this).
    """
    gc.set_threshold(ALLOCATIONS_PER_COLLECTION)


def end_with_parent() -> None:
    """It goes when its parent is gone, however that ended, and leaves
    the keyboard's interrupt to its parent.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is None:
        return

    def wait_and_end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait_and_end, name="end with parent", daemon=True).start()


async def _in(executor: Executor, function: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(executor, function)
