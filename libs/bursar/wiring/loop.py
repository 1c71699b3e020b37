"""The event loop of processes that serve, and how seldom objects are collected in them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Returned = TypeVar("Returned")

# Calls leave no circles of objects. What is under way at once is more than the usual 700, so that
# each few calls were followed by a look at all of it, and soon at all that the process holds.
SELDOM = (20_000, 20, 50)


def run_serving(work: Coroutine[Any, Any, Returned]) -> Returned:
    """Runs `work` on uvloop where there is one: half the cost of each read and write."""
    usual = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(work)
    finally:
        gc.set_threshold(*usual)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for this system
        return None
    return uvloop.new_event_loop
