"""Asking again while a service or its log is away: the same request, so nothing happens twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

from bursar.errors import BackendUnavailable, DeadlineExceeded, Unavailable

TRIES = 8
TIMEOUT_S = 15.0
FIRST_WAIT_S, WAIT_S_MAX = 0.05, 2.0

Request = TypeVar("Request")
Response = TypeVar("Response")


async def until_answered(
    ask: Callable[[Request], Awaitable[Response]], request: Request
) -> Response:
    """The answer to `request`, which carries an operation id. Raises the last error after 8 tries
    or 15 s.
    """
    return await until_done(lambda: ask(request))


async def until_done(work: Callable[[], Awaitable[Response]]) -> Response:
    """What `work` gives, which may be done again. Raises as `until_answered`."""
    try:
        return await work()
    except (Unavailable, DeadlineExceeded) as error:
        if not _is_passing(error):
            raise
    async for attempt in stamina.retry_context(
        on=_is_passing,
        attempts=TRIES,
        timeout=TIMEOUT_S,
        wait_initial=FIRST_WAIT_S,
        wait_max=WAIT_S_MAX,
    ):
        with attempt:
            return await work()
    raise AssertionError("the last attempt returns or raises")


def _is_passing(error: Exception) -> bool:
    """A backend that is not there does not come by waiting."""
    is_away = isinstance(error, Unavailable | DeadlineExceeded)
    return is_away and not isinstance(error, BackendUnavailable)
