"""A channel whose every call presents a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import grpc

from bursar.rpc.authentication import bearer
from bursar.secret import Secret

_Metadata = tuple[tuple[str, str], ...]
_Serialize = Callable[[Any], bytes]
_Parse = Callable[[bytes], Any]


def keyed(channel: grpc.aio.Channel, key: Secret) -> grpc.aio.Channel:
    """`channel` as stubs use one, with `key` on every call.

    Not an interceptor: those cost a task a call.
    """
    return cast(grpc.aio.Channel, _KeyedChannel(channel, bearer(key)))


class _KeyedChannel:
    """What stubs ask of a channel: the three kinds of method that our contracts have."""

    def __init__(self, channel: grpc.aio.Channel, presented: tuple[str, str]) -> None:
        self._channel = channel
        self._presented = presented

    def unary_unary(
        self,
        method: str,
        request_serializer: _Serialize,
        response_deserializer: _Parse,
        _registered_method: bool | None = False,
    ) -> Callable[..., object]:
        return _presenting(
            self._channel.unary_unary(method, request_serializer, response_deserializer),
            self._presented,
        )

    def unary_stream(
        self,
        method: str,
        request_serializer: _Serialize,
        response_deserializer: _Parse,
        _registered_method: bool | None = False,
    ) -> Callable[..., object]:
        return _presenting(
            self._channel.unary_stream(method, request_serializer, response_deserializer),
            self._presented,
        )

    def stream_stream(
        self,
        method: str,
        request_serializer: _Serialize,
        response_deserializer: _Parse,
        _registered_method: bool | None = False,
    ) -> Callable[..., object]:
        return _presenting(
            self._channel.stream_stream(method, request_serializer, response_deserializer),
            self._presented,
        )

    async def close(self, grace: float | None = None) -> None:
        await self._channel.close(grace)


def _presenting(call: Callable[..., object], presented: tuple[str, str]) -> Callable[..., object]:
    def presenting(
        request: object, *, timeout: float | None = None, metadata: _Metadata = ()
    ) -> object:
        return call(request, timeout=timeout, metadata=(*metadata, presented))

    return presenting
