"""Whether anybody uses this process: calls under way, and how long there has been none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Activity:
    """Counts calls under way. Made at start, so a process nobody ever asks is idle from then on."""

    def __init__(self) -> None:
        self._under_way = 0
        self._last_end_s = time.monotonic()

    @contextmanager
    def call(self) -> Iterator[None]:
        """One call, for as long as the block runs."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._last_end_s = time.monotonic()

    def idle_s(self) -> float:
        """Seconds since the last call ended; 0 while one is under way."""
        return 0.0 if self._under_way else time.monotonic() - self._last_end_s

    async def wait_idle(self, idle_s: float) -> None:
        """Returns once nobody has asked for `idle_s`."""
        # Idleness is an absence: no event announces it.
        while (left_s := idle_s - self.idle_s()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left_s)
