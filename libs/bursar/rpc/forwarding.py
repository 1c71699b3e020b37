"""Any replica takes any call: what another leads is asked of that one, at most once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Protocol

from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message

from bursar.errors import Unavailable
from bursar.rpc.naming import attribute_name

# Request metadata of a call that was forwarded, and the trailer that names who leads.
FORWARDED = "bursar-forwarded"
LEADER = "bursar-leader"

# How often it is looked whether who was asked still leads.
LOOK_S = 0.5

# Whether the call at hand was forwarded to this process, or is to be marked as such.
is_forwarded: ContextVar[bool] = ContextVar("bursar_is_forwarded", default=False)
# The address of who leads what the call at hand is about, as a hint for the next one.
leader: ContextVar[str] = ContextVar("bursar_leader", default="")


class Replicated(Protocol):
    """A service of which several replicas stand, and one leads what a request is about."""

    def leader_of(self, request: Message) -> str:
        """The address to ask instead; "" where it is answered here, or nobody is known to lead."""
        ...


class Forwarding:
    """Answers the contract's methods by `service`, or by the replica that leads.

    `at` gives the client of the service at an address. A call that was forwarded once is answered
    here whatever comes of it: UNAVAILABLE where the leader has changed meanwhile.
    """

    def __init__(
        self, contract: ServiceDescriptor, service: Replicated, at: Callable[[str], Any]
    ) -> None:
        for method in contract.methods:
            make = _streamed if method.server_streaming else _unary
            setattr(self, attribute_name(method.name), make(method, service, at))


# Any: each method's own request and answer.
def _own(method: MethodDescriptor, service: Replicated) -> Callable[..., Any]:
    answer: Callable[..., Any] = getattr(service, attribute_name(method.name))
    return answer


def _unary(
    method: MethodDescriptor, service: Replicated, at: Callable[[str], Any]
) -> Callable[[Message], Awaitable[Message]]:
    name, answer = attribute_name(method.name), _own(method, service)

    async def call(request: Message) -> Message:
        address = _elsewhere(service, request)
        if not address:
            found: Message = await answer(request)
            return found
        leader.set(address)
        marked = is_forwarded.set(True)
        try:
            asked = asyncio.ensure_future(getattr(at(address), name)(request))
        finally:
            is_forwarded.reset(marked)
        return await _as_long_as_it_leads(asked, lambda: service.leader_of(request) == address)

    return call


def _streamed(
    method: MethodDescriptor, service: Replicated, at: Callable[[str], Any]
) -> Callable[[Any], AsyncIterator[Message]]:
    """A stream goes where it began to go: when the leader changes, it ends, and is begun again.

    Where the caller streams too, who leads is asked with an empty request.
    """
    name, answer = attribute_name(method.name), _own(method, service)
    empty = message_factory.GetMessageClass(method.input_type)()

    async def call(given: Any) -> AsyncIterator[Message]:  # noqa: ANN401 - a request, or many
        address = _elsewhere(service, empty if method.client_streaming else given)
        if not address:
            async for part in answer(given):
                yield part
            return
        leader.set(address)
        is_forwarded.set(True)  # for the rest of this call, which is all that there is in it
        async for part in getattr(at(address), name)(given):
            yield part

    return call


def _elsewhere(service: Replicated, request: Message) -> str:
    """Whom to ask instead. The mark of a forwarded call ends here: what is asked of others on its
    behalf is not forwarded yet.
    """
    if is_forwarded.get():
        is_forwarded.set(False)
        return ""
    return service.leader_of(request)


async def _as_long_as_it_leads(
    asked: asyncio.Future[Message], still_leads: Callable[[], bool]
) -> Message:
    """The answer; UNAVAILABLE once another leads: one that stands still answers nothing, and one
    that has much to do answers late.
    """
    try:
        while not (await asyncio.wait((asked,), timeout=LOOK_S))[0]:
            if not still_leads():
                raise Unavailable("another replica leads now: retry with the same operation id")
        return asked.result()
    finally:
        asked.cancel()
