"""Reserves that may wait for a throttle: by priority, then by arrival, up to their deadline.

Only the first of a line asks; the others wait behind it. Who may not wait, or asks for what fits,
passes them by. Lines are bounded: where one is full, nobody waits.
"""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from msgspec.structs import replace

from bursar_quota.domain.answers import Answer, PutOff
from bursar_quota.domain.commands import Reserve
from bursar_quota.domain.state import NS_PER_S

WAITING_MAX = 1024  # in all lines together


@dataclass(order=True, slots=True)
class _Place:
    """Sorts by priority, highest first, then by arrival."""

    urgency: int
    arrival: int
    woken: asyncio.Event = field(default_factory=asyncio.Event, compare=False)


class WaitingLine:
    """One line for each limit that throttles. `decided` gives the answer to an order."""

    def __init__(self, decided: Callable[[Reserve], Awaitable[Answer]]) -> None:
        self._decided = decided
        self._lines: dict[str, list[_Place]] = {}
        self.waiting = 0
        self._arrivals = count()

    async def reserve(self, command: Reserve, wait_s: float, priority: int) -> Answer:
        """Granted as soon as it may be; refused like any other when its time is over."""
        ends_s = asyncio.get_running_loop().time() + wait_s
        willing = replace(command, may_wait=True)
        answer = await self._decided(willing)
        if not isinstance(answer, PutOff):
            return answer
        if self.waiting < WAITING_MAX:
            place = _Place(-priority, next(self._arrivals))
            answer = await self._waited(willing, answer, place, ends_s)
        return await self._decided(command) if isinstance(answer, PutOff) else answer

    def freed(self) -> None:
        """Something was settled or let go: the first of each line asks again."""
        for line in self._lines.values():
            line[0].woken.set()

    async def _waited(
        self, command: Reserve, answer: PutOff, place: _Place, ends_s: float
    ) -> Answer:
        limit_id = answer.level.limit.limit_id
        line = self._lines.setdefault(limit_id, [])
        insort(line, place)
        self.waiting += 1
        try:
            return await self._in_line(command, answer, (line, place), ends_s)
        finally:
            self.waiting -= 1
            line.remove(place)
            if line:
                line[0].woken.set()
            else:
                del self._lines[limit_id]

    async def _in_line(
        self,
        command: Reserve,
        put_off: PutOff,
        where: tuple[list[_Place], _Place],
        ends_s: float,
    ) -> Answer:
        """The last answer: a put-off one when the time is over."""
        loop = asyncio.get_running_loop()
        line, place = where
        answer: Answer = put_off
        while isinstance(answer, PutOff):
            left_s = ends_s - loop.time()
            if left_s <= 0:
                break
            patience_s = left_s
            if line[0] is place:
                patience_s = min(left_s, answer.retry_after_ns / NS_PER_S)
            await _woken(place.woken, patience_s)
            if line[0] is place:
                answer = await self._decided(command)
        return answer


async def _woken(woken: asyncio.Event, patience_s: float) -> None:
    try:
        async with asyncio.timeout(patience_s):
            await woken.wait()
    except TimeoutError:
        return
    finally:
        woken.clear()
