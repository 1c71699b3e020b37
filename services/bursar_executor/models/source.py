"""Where an endpoint comes from: configured and simply there, or started when it is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from bursar_executor.endpoints import Endpoint

REMOTE_CONTEXT_TOKENS = 128_000


class EndpointSource(Protocol):
    """Gives an endpoint for as long as a call needs it."""

    @property
    def mark(self) -> str:
        """What has to be said of its answers; empty where nothing has."""
        ...

    @property
    def context_tokens(self) -> int:
        """The window of its model: input and output together."""
        ...

    @property
    def start_allowance_s(self) -> float:
        """What starting it may take."""
        ...

    def endpoint(self) -> AbstractAsyncContextManager[Endpoint]:
        """Raises a BursarError, with the remedy, when it cannot be had."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """An endpoint that is there without our doing."""

    standing: Endpoint
    context_tokens: int = REMOTE_CONTEXT_TOKENS
    start_allowance_s: float = 0.0
    mark: str = ""

    @asynccontextmanager
    async def endpoint(self) -> AsyncIterator[Endpoint]:
        yield self.standing
