"""Requests that cost nothing: passed to the provider and back, without a hold."""

from __future__ import annotations

from bursar.dialects import anthropic_messages
from bursar.telemetry import context as trace_context
from bursar_edge.http1.exchange import Exchange
from bursar_edge.upstream import Upstream, response_headers

COUNT_TOKENS_PATH = f"{anthropic_messages.PATH}/count_tokens"
MODELS_PATH = "/v1/models"


def is_passed(method: str, path: str) -> bool:
    """Whether this is one of them."""
    if method == "POST":
        return path == COUNT_TOKENS_PATH
    return method == "GET" and (path == MODELS_PATH or path.startswith(f"{MODELS_PATH}/"))


async def pass_on(exchange: Exchange, upstream: Upstream, *, is_own_key: bool) -> None:
    """Raises Unreachable, BrokeOff and TooSlow where the client has been told nothing yet."""
    request = exchange.request
    trace = trace_context.current()
    assert trace is not None
    headers = upstream.request_headers(request.headers, trace, is_own_key=is_own_key)
    connection = await upstream.client.connection()
    line = (request.method, request.target)
    response = await upstream.client.send(connection, line, headers, request.body)
    try:
        exchange.start(response.status, response_headers(response.headers))
        while piece := await response.piece():
            exchange.write(piece)
            await exchange.drained()
        exchange.end()
    finally:
        response.close()
