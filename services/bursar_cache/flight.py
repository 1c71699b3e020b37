"""One answer that is being made: what came of it until now, for whoever waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from bursar.cache.v1 import cache_pb2 as contract
from bursar_cache.memory import Place

COMPLETE, REFUSED = contract.ENDING_COMPLETE, contract.ENDING_REFUSED
FAILED = contract.ENDING_FAILED
# Longer answers are for those alone who make them.
MADE_BYTES_MAX = 8 * 1024 * 1024


class Flight:
    """Held by who knows `token`, until the lease ends. Times are of the event loop's clock."""

    def __init__(self, place: Place, token: str, lease_s: float) -> None:
        self.place = place
        self.token = token
        self.lease_s = lease_s
        self.lease_ends_s = now_s() + lease_s
        self.ending: contract.Ending.ValueType = contract.ENDING_UNSPECIFIED
        self.waiting = 0
        self._parts: list[contract.MadePart] = []
        self._made_bytes = 0
        self._news = asyncio.Event()

    @property
    def last(self) -> contract.MadePart:
        """Of one that is complete: says what it took."""
        return self._parts[-1]

    def tell(self, part: contract.MadePart) -> None:
        """The next of what was made; too much of it is a failure for those who wait."""
        self._made_bytes += len(part.content)
        if self._made_bytes > MADE_BYTES_MAX or part.ending == FAILED:
            self.fail()
            return
        if not (part.content or part.content_type or part.ending):
            return
        self._parts.append(part)
        self.ending = part.ending
        self._wake()

    def fail(self) -> None:
        """Another is to make it."""
        self.ending = FAILED
        self._parts.clear()
        self._wake()

    async def parts(self) -> AsyncIterator[contract.MadePart]:
        """From its start to its end, as they come. Ends early where it failed, or where the lease
        lapsed: then it has failed.
        """
        self.waiting += 1
        given = 0
        try:
            while self.ending != FAILED:
                while given < len(self._parts):
                    part = self._parts[given]
                    given += 1
                    yield part
                if self.ending:
                    return
                await self._more()
        finally:
            self.waiting -= 1

    async def _more(self) -> None:
        try:
            async with asyncio.timeout_at(self.lease_ends_s):
                await self._news.wait()
        except TimeoutError:
            if now_s() >= self.lease_ends_s:
                self.fail()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def now_s() -> float:
    """On the event loop's clock."""
    return asyncio.get_running_loop().time()
