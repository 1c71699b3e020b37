"""Whether anybody uses this process: calls under way, and how long there has been none."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractContextManager


class Activity:
    """Counts calls under way. Made at start, so a process nobody ever asks is idle from then on."""

    def __init__(self) -> None:
        self._under_way = 0
        self._last_end_s = time.monotonic()
        self._call = _Call(self)

    def call(self) -> AbstractContextManager[None]:
        """One call, for as long as the block runs."""
        return self._call

    def begin(self) -> None:
        """A call begins; `end` has to follow."""
        self._under_way += 1

    def end(self) -> None:
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


class _Call(AbstractContextManager[None]):
    """Any call: it keeps nothing of its own, so one serves all."""

    def __init__(self, activity: Activity) -> None:
        self._activity = activity

    def __enter__(self) -> None:
        self._activity.begin()

    def __exit__(self, *_: object) -> None:
        self._activity.end()
