"""The deadline of the work at hand. It only ever shrinks on the way down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

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


@asynccontextmanager
async def within(timeout_s: float) -> AsyncIterator[None]:
    """Bounds the block to `timeout_s`, or to what is left of the deadline it runs under.

    Raises DeadlineExceeded when the time is up; what the block awaits is cancelled.
    """
    bound_s = remaining_s(timeout_s)
    token = _monotonic_deadline_s.set(time.monotonic() + bound_s)
    try:
        async with asyncio.timeout(bound_s):
            yield
    except TimeoutError as late:
        raise DeadlineExceeded(f"no answer within {bound_s:.3f} s") from late
    finally:
        _monotonic_deadline_s.reset(token)
