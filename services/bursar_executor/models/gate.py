"""A backend's door: so many calls at once, and none while it fails again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from bursar.errors import BackendUnavailable, BursarError, Overloaded

WAITING_MAX = 1_000


@dataclass(frozen=True, slots=True)
class GateTerms:
    """How many calls pass at once; after how many failures in a row the gate shuts, for how
    long.
    """

    calls_at_once_max: int = 16
    failures_max: int = 5
    shut_s: float = 20.0


@dataclass(slots=True)
class Passage:
    """One call's way through. Whoever passes says whether the backend has failed: unreachable,
    overloaded or broken, not a request that it had to refuse.
    """

    has_failed: bool = False


class _Failed(Exception):
    """Tells the breaker of a failure; nobody else sees it."""


class Gate:
    """One for each endpoint; kept in memory: a new process tries anew."""

    def __init__(self, name: str, terms: GateTerms) -> None:
        self._name = name
        self._terms = terms
        self._room = asyncio.Semaphore(terms.calls_at_once_max)
        self._waiting = 0
        # A caller who leaves, or an error of ours, says nothing of the backend.
        self._breakers = AsyncCircuitBreakerFactory(
            terms.failures_max,
            terms.shut_s,
            exclude=[asyncio.CancelledError, GeneratorExit, BursarError],
        )

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[Passage]:
        """Waits for room. Raises BackendUnavailable while it is shut, Overloaded when too many
        wait.
        """
        if self._waiting >= WAITING_MAX:
            raise Overloaded(f"{self._waiting} calls wait for {self._name} already")
        self._waiting += 1
        try:
            await self._room.acquire()
        finally:
            self._waiting -= 1
        try:
            async with self._guarded() as passage:
                yield passage
        finally:
            self._room.release()

    @asynccontextmanager
    async def _guarded(self) -> AsyncIterator[Passage]:
        breaker = await self._breakers.get_breaker(self._name)
        passage = Passage()
        try:
            async with breaker:
                yield passage
                if passage.has_failed:
                    raise _Failed
        except _Failed:
            return
        except OpenedState:
            raise BackendUnavailable(
                f"{self._name} has failed {self._terms.failures_max} times in a row; it is asked"
                f" again after {self._terms.shut_s:g} s"
            ) from None
