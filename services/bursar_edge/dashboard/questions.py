"""What pages may ask of the services, and how: the contract's messages as JSON, by the same
authorization as over gRPC.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from bursar.clients.remote import CONTRACTS
from bursar.errors import InvalidRequest, NotFound
from bursar.rpc.authentication import METADATA_NAME, Entrance
from bursar.rpc.naming import attribute_name

AT_ONCE_MAX = 16  # the others wait: pages are not to crowd out calls
ASKED: Mapping[str, tuple[str, ...]] = {
    "quota": ("Usage", "Forecast", "Alerts", "PutLimit", "DeleteLimit"),
    "cache": ("Stats", "Invalidate"),
    "efficiency": ("Report", "Audit"),
    "executor": ("List", "Get"),
}


class Questions:
    """Asks for a visitor. `client` gives the client of a service by its name."""

    def __init__(self, entrance: Entrance, client: Callable[[str], Any]) -> None:
        self._entrance = entrance
        self._client = client
        self._room = asyncio.Semaphore(AT_ONCE_MAX)

    async def answer(self, service: str, method: str, body: bytes, key: str) -> bytes:
        """The answer as JSON, whole numbers of 64 bits as strings.

        Raises NotFound for what is not asked here, InvalidRequest for a body that is no such
        request, and whatever the service raises.
        """
        if method not in ASKED.get(service, ()):
            raise NotFound(f"pages do not ask {method} of {service}")
        descriptor = CONTRACTS[service].methods_by_name[method]
        request = _parsed(descriptor, body)
        async with self._room:
            answered = await self.ask(descriptor, request, key)
            # A long audit takes a while to write down, and calls are not to wait for that.
            return await asyncio.to_thread(_written, answered)

    async def ask(self, method: MethodDescriptor, request: Message, key: str) -> Message:
        """What the service answers to whoever holds `key`."""
        self._entrance.admission(method)(request, [(METADATA_NAME, f"Bearer {key}")])
        client = self._client(method.containing_service.full_name.split(".")[1])
        answered: Message = await getattr(client, attribute_name(method.name))(request)
        return answered


def _parsed(method: MethodDescriptor, body: bytes) -> Message:
    request = GetMessageClass(method.input_type)()
    try:
        return json_format.Parse(body or b"{}", request)
    except (json_format.ParseError, UnicodeDecodeError) as error:
        raise InvalidRequest.of("body", "", f"send {method.input_type.name}: {error}") from error


def _written(message: Message) -> bytes:
    return json_format.MessageToJson(
        message,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
        indent=None,
    ).encode()
