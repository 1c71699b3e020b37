"""The HTTP session that model calls share; it tells each call the moment its request leaves."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Protocol

import aiohttp

CONNECT_TIMEOUT_S = 10.0


class Sending(Protocol):
    """What is told that from now on a provider may have the request."""

    is_sent: bool


def model_session(timeout_s: float) -> aiohttp.ClientSession:
    """A session whose requests may take `timeout_s` from first to last byte.

    A request that is given a Sending as `trace_request_ctx` marks it just before its first byte is
    written: what fails or is cancelled before, while a connection is made, was never sent.
    """
    tracing = aiohttp.TraceConfig()
    tracing.on_request_headers_sent.append(_note_sending)
    timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_TIMEOUT_S)
    return aiohttp.ClientSession(timeout=timeout, trace_configs=[tracing])


async def _note_sending(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    parameters: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    sending: Sending | None = context.trace_request_ctx
    if sending is not None:
        sending.is_sent = True
