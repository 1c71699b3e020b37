"""Alerts as they are raised, for whoever watches: each looks for itself in durable state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from bursar_quota.domain.events import AlertRaised
from bursar_quota.domain.state import State

# The alerts after an event's number, oldest first.
Look = Callable[[int], Awaitable[list[AlertRaised]]]


def raised_after(state: State, number: int, tenant_id: str = "") -> list[AlertRaised]:
    """Those that are kept; of one tenant's limits, or of all."""
    return [
        event
        for event_number, event in sorted(state.alerts.items())
        if event_number > number and tenant_id in ("", event.origin.tenant_id)
    ]


class AlertFeed:
    """Wakes those who watch."""

    def __init__(self) -> None:
        self._wakes: set[asyncio.Event] = set()

    def raised(self) -> None:
        """There may be something new; it counts once it is durable."""
        for wake in self._wakes:
            wake.set()

    async def watch(self, number: int, look: Look) -> AsyncIterator[AlertRaised]:
        """All after the event of that number, without end."""
        wake = asyncio.Event()
        self._wakes.add(wake)
        try:
            while True:
                wake.clear()
                for event in await look(number):
                    number = event.number
                    yield event
                await wake.wait()
        finally:
            self._wakes.discard(wake)
