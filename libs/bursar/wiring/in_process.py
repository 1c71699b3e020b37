"""A hosted service as its peers see it: the same deadline and span as a remote one has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from bursar.rpc import deadline
from bursar.rpc.calling import CALL_TIMEOUT_S
from bursar.rpc.naming import attribute_name
from bursar.telemetry import traces


class InProcessClient:
    """Answers the contract's methods by calling `service` itself, which is `hosted`."""

    def __init__(self, contract: ServiceDescriptor, service: object) -> None:
        self.hosted = service
        for method in contract.methods:
            name = attribute_name(method.name)
            answer = getattr(service, name)
            wrapped = (
                _streamed(method, answer) if method.server_streaming else _unary(method, answer)
            )
            setattr(self, name, wrapped)


def _unary(
    method: MethodDescriptor, answer: Callable[[Message], Awaitable[Message]]
) -> Callable[[Message], Awaitable[Message]]:
    span_name = method.full_name

    async def call_at_once(request: Message) -> Message:
        with traces.span(span_name):
            return await answer(request)

    if not deadline.is_waiting(answer):
        return call_at_once

    async def call(request: Message) -> Message:
        with deadline.within(CALL_TIMEOUT_S), traces.span(span_name):
            return await answer(request)

    return call


def _streamed(
    method: MethodDescriptor, answer: Callable[[Message], AsyncIterator[Message]]
) -> Callable[[Message], AsyncIterator[Message]]:
    span_name = method.full_name

    async def call(request: Message) -> AsyncIterator[Message]:
        with traces.span(span_name):
            async for part in answer(request):
                yield part

    return call
