"""Following a log up to a point, and then letting go of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bursar.eventlog.log import Cursor, EventLog, Record


async def follow_until(
    log: EventLog, after: Cursor, receive: Callable[[Record], None], enough: asyncio.Event
) -> None:
    """Follows until `receive` has set `enough`. Raises what following raises."""
    following = asyncio.ensure_future(log.follow(after, receive))
    waiting = asyncio.ensure_future(enough.wait())
    try:
        await asyncio.wait((following, waiting), return_when=asyncio.FIRST_COMPLETED)
        if following.done():
            following.result()
    finally:
        following.cancel()
        waiting.cancel()
        await asyncio.gather(following, waiting, return_exceptions=True)
