"""The deadline of the work at hand. It only ever shrinks on the way down."""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from types import TracebackType

from bursar.errors import DeadlineExceeded

_monotonic_deadline_s: ContextVar[float | None] = ContextVar("bursar_deadline_s", default=None)


def remaining_s(default_s: float) -> float:
    """Seconds left for a call that by itself may take `default_s`; raises DeadlineExceeded at
    zero.
    """
    deadline = _monotonic_deadline_s.get()
    if deadline is None:
        return default_s
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded("the deadline passed before the call was made")
    return min(default_s, left)


# A class, not a generator: each call passes one, and a generator's machinery doubles its cost.
class within:
    """Bounds the block to `timeout_s`, or to what is left of the deadline it runs under.

    Raises DeadlineExceeded when the time is up; what the block awaits is cancelled.
    """

    __slots__ = ("_bound_s", "_timeout", "_timeout_s", "_token")

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    async def __aenter__(self) -> None:
        self._bound_s = remaining_s(self._timeout_s)
        self._token = _monotonic_deadline_s.set(time.monotonic() + self._bound_s)
        self._timeout = asyncio.timeout(self._bound_s)
        await self._timeout.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _monotonic_deadline_s.reset(self._token)
        try:
            await self._timeout.__aexit__(kind, error, traceback)
        except TimeoutError as late:
            raise self._late() from late
        if isinstance(error, TimeoutError):
            raise self._late() from error

    def _late(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"no answer within {self._bound_s:.3f} s")
