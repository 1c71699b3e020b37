"""Calls a service over gRPC: a deadline on every call, the trace carried along, errors as they were
raised.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from bursar.rpc import deadline, forwarding
from bursar.rpc.keyed_channel import keyed
from bursar.rpc.serving import CHANNEL_OPTIONS
from bursar.rpc.status import from_rpc_error
from bursar.secret import Secret
from bursar.telemetry import context as trace_context

CALL_TIMEOUT_S = 10.0
STREAM_TIMEOUT_S = 3600.0

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)


def channel_to(address: str, key: Secret | None = None) -> grpc.aio.Channel:
    """A channel to `host:port` with our bounds; plain text, for loopback and meshes that encrypt.

    Every call of it presents `key`, where there is one.
    """
    channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
    return channel if key is None else keyed(channel, key)


async def call(
    method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
    request: Request,
    timeout_s: float = CALL_TIMEOUT_S,
) -> Response:
    """One unary call. Raises the BursarError that the service raised."""
    try:
        answer: Response = await method(
            request, timeout=deadline.remaining_s(timeout_s), metadata=_metadata()
        )
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) from None
    return answer


async def stream(
    method: grpc.aio.UnaryStreamMultiCallable[Request, Response],
    request: Request,
    timeout_s: float = STREAM_TIMEOUT_S,
) -> AsyncIterator[Response]:
    """The parts of a streamed answer as they come; leaving the loop early cancels the call."""
    running = method(request, timeout=deadline.remaining_s(timeout_s), metadata=_metadata())
    async for part in _until_the_end(running):
        yield part


async def exchange(
    method: grpc.aio.StreamStreamMultiCallable[Request, Response],
    requests: AsyncIterator[Request],
    timeout_s: float = STREAM_TIMEOUT_S,
) -> AsyncIterator[Response]:
    """The answers to a stream of requests as they come; leaving the loop early cancels the call."""
    running = method(requests, timeout=deadline.remaining_s(timeout_s), metadata=_metadata())
    async for part in _until_the_end(running):
        yield part


async def _until_the_end(
    running: grpc.aio.UnaryStreamCall[Request, Response]
    | grpc.aio.StreamStreamCall[Request, Response],
) -> AsyncIterator[Response]:
    try:
        async for part in running:
            yield part
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error) from None
    finally:
        running.cancel()


def _metadata() -> tuple[tuple[str, str], ...]:
    context = trace_context.current()
    sent = () if context is None else ((trace_context.TRACEPARENT, context.traceparent()),)
    return (*sent, (forwarding.FORWARDED, "1")) if forwarding.is_forwarded.get() else sent
