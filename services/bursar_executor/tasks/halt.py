"""Asking a task to come to its end: it does so as soon as its present step lets go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any


class Cause(Enum):
    """Who asked."""

    CANCELLED = "cancelled by its caller"
    INTERRUPTED = "interrupted: the process that ran it was told to end"
    INPUT_LOST = "what it was submitted with is lost"


class Halted(Exception):
    """Raised between two steps of a task that was asked to end."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.value)
        self.cause = cause


class Halt:
    """One task's ear. Work under way is cancelled; steps that move money are left to finish."""

    def __init__(self) -> None:
        self.cause: Cause | None = None
        self._working: asyncio.Future[Any] | None = None

    def ask(self, cause: Cause) -> None:
        """The first who asks says why."""
        self.cause = self.cause or cause
        if self._working is not None:
            self._working.cancel()

    def check(self) -> None:
        """Raises Halted when it was asked for."""
        if self.cause is not None:
            raise Halted(self.cause)

    @contextmanager
    def ends(self, working: asyncio.Future[Any]) -> Iterator[None]:
        """`working` is cancelled when a halt is asked for inside the block, or was before."""
        self._working = working
        if self.cause is not None:
            working.cancel()
        try:
            yield
        finally:
            self._working = None
