"""Offers an object that answers a contract over gRPC: one thin shell for every service.

`offer` reads the contract's descriptor, so a method that the contract promises and the object lacks
is found at start, not by a caller.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from bursar.errors import BursarError, Internal
from bursar.rpc import deadline, forwarding
from bursar.rpc.activity import Activity
from bursar.rpc.authentication import Admit, Entrance
from bursar.rpc.naming import attribute_name
from bursar.rpc.status import to_status
from bursar.telemetry import context as trace_context
from bursar.telemetry import traces

MESSAGE_BYTES_MAX = 32 * 1024 * 1024
UNARY_TIMEOUT_S = 30.0

CHANNEL_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)

_logger = logging.getLogger(__name__)
_Context = grpc.aio.ServicerContext[Any, Any]
Given = TypeVar("Given")


def offer(
    server: grpc.aio.Server,
    contract: ServiceDescriptor,
    service: object,
    activity: Activity | None = None,
    entrance: Entrance | None = None,
) -> None:
    """Registers `service` for every method of `contract`; requests pass `entrance` first.

    A method `PutLimit` is answered by `service.put_limit(request)`: a coroutine for unary answers,
    an async iterator for streams. One that takes a stream is given an async iterator. Raises
    AttributeError at once when the service lacks one.
    """
    seen = activity or Activity()
    handlers = {
        method.name: _handler(
            _Offered(method, seen, entrance.admission(method) if entrance else None),
            getattr(service, attribute_name(method.name)),
        )
        for method in contract.methods
    }
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(contract.full_name, handlers),)
    )


@dataclass(frozen=True, slots=True)
class _Offered:
    """A method with what goes around its answer."""

    method: MethodDescriptor
    activity: Activity
    admit: Admit | None


def _handler(offered: _Offered, answer: Callable[..., Any]) -> grpc.RpcMethodHandler[Any, Any]:
    request_class = message_factory.GetMessageClass(offered.method.input_type)
    if offered.method.client_streaming:
        return grpc.stream_stream_rpc_method_handler(
            _exchanged(offered, answer), request_class.FromString, _serialized
        )
    if offered.method.server_streaming:
        return grpc.unary_stream_rpc_method_handler(
            _streamed(offered, answer), request_class.FromString, _serialized
        )
    return grpc.unary_unary_rpc_method_handler(
        _unary(offered, answer), request_class.FromString, _serialized
    )


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


def _unary(
    offered: _Offered, answer: Callable[[Message], Awaitable[Message]]
) -> Callable[[Message, _Context], Awaitable[Message]]:
    method, activity, admit = offered.method, offered.activity, offered.admit

    async def serve(request: Message, context: _Context) -> Message:
        with (
            activity.call(),
            trace_context.within(_heed_metadata(context)),
            traces.span(method.full_name),
        ):
            try:
                if admit is not None:
                    admit(request, context.invocation_metadata() or ())
                with deadline.within(_time_left_s(context)):
                    answered = await answer(request)
                _name_the_leader(context)
                return answered
            except BursarError as error:
                await context.abort_with_status(to_status(error))
            except Exception:
                await context.abort_with_status(to_status(_defect(method)))
        raise AssertionError("abort_with_status always raises")

    return serve


def _streamed(
    offered: _Offered, answer: Callable[[Message], AsyncIterator[Message]]
) -> Callable[[Message, _Context], AsyncIterator[Message]]:
    admit = offered.admit

    def answers(request: Message, context: _Context) -> AsyncIterator[Message]:
        if admit is not None:
            admit(request, context.invocation_metadata() or ())
        return answer(request)

    return _parts(offered, answers)


def _exchanged(
    offered: _Offered, answer: Callable[[AsyncIterator[Message]], AsyncIterator[Message]]
) -> Callable[[AsyncIterator[Message], _Context], AsyncIterator[Message]]:
    """Each message of the caller passes the entrance by itself."""
    admit = offered.admit

    async def admitted(
        requests: AsyncIterator[Message], context: _Context
    ) -> AsyncIterator[Message]:
        metadata = context.invocation_metadata() or ()
        async for request in requests:
            if admit is not None:
                admit(request, metadata)
            yield request

    return _parts(offered, lambda requests, context: answer(admitted(requests, context)))


def _parts(
    offered: _Offered, answers: Callable[[Given, _Context], AsyncIterator[Message]]
) -> Callable[[Given, _Context], AsyncIterator[Message]]:
    method, activity = offered.method, offered.activity

    async def serve(given: Given, context: _Context) -> AsyncIterator[Message]:
        with (
            activity.call(),
            trace_context.within(_heed_metadata(context)),
            traces.span(method.full_name),
        ):
            try:
                async for part in answers(given, context):
                    yield part
                _name_the_leader(context)
            except BursarError as error:
                await context.abort_with_status(to_status(error))
            except Exception:
                await context.abort_with_status(to_status(_defect(method)))

    return serve


def _defect(method: MethodDescriptor) -> Internal:
    """Called at the process' edge with an exception at hand: the log gets it, the caller does
    not.
    """
    context = trace_context.current()
    trace = context.trace_hex if context is not None else "none"
    _logger.exception("a defect in %s", method.full_name)
    return Internal(f"a defect in {method.full_name}; see the server's log, trace {trace}")


def _time_left_s(context: _Context) -> float:
    left = context.time_remaining()
    return UNARY_TIMEOUT_S if left is None else min(left, UNARY_TIMEOUT_S)


def _name_the_leader(context: _Context) -> None:
    """Where another replica answered, so that the next call may go there at once."""
    address = forwarding.leader.get()
    if address:
        context.set_trailing_metadata(((forwarding.LEADER, address),))


def _heed_metadata(context: _Context) -> trace_context.TraceContext | None:
    """Also notes whether another replica forwards the call: both stand in the metadata."""
    found: trace_context.TraceContext | None = None
    for name, value in context.invocation_metadata() or ():
        if name == trace_context.TRACEPARENT:
            found = trace_context.parse_traceparent(str(value))
        elif name == forwarding.FORWARDED:
            forwarding.is_forwarded.set(True)
    return found
