"""Who calls over gRPC: by the key in the metadata, or, where none is asked for, anybody local."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from bursar.errors import Unauthenticated
from bursar.identity import Caller, Callers
from bursar.rpc.authorization import LOCAL, RULES, Exchange
from bursar.secret import Secret

METADATA_NAME = "authorization"
SCHEME = "bearer"

Metadata = Iterable[tuple[str, str | bytes]]
# Raises Unauthenticated or Forbidden; else the request is as its caller may make it.
Admit = Callable[[Message, Metadata], None]


class Entrance:
    """What every request passes before a service sees it: authentication, then the one table of
    authorization. `callers` is None where no keys are asked for.
    """

    def __init__(self, exchange: Exchange, callers: Callers | None = None) -> None:
        self._exchange = exchange
        self._callers = callers

    def admission(self, method: MethodDescriptor) -> Admit:
        """The way in for one method. Raises KeyError at once for one that the table lacks."""
        rule, exchange = RULES[method.full_name], self._exchange
        if self._callers is None:
            return lambda request, _: rule(request, LOCAL, exchange)
        callers = self._callers
        return lambda request, metadata: rule(request, _caller(callers, metadata), exchange)


def bearer(key: Secret) -> tuple[str, str]:
    """The metadata that presents `key`."""
    return METADATA_NAME, f"Bearer {key.reveal_text()}"


def _caller(callers: Callers, metadata: Metadata) -> Caller:
    for name, value in metadata:
        if name == METADATA_NAME:
            scheme, _, key = str(value).partition(" ")
            if scheme.lower() == SCHEME:
                return callers.by_key(key.strip())
    raise Unauthenticated(
        "send a Bursar API key as metadata `authorization: Bearer bsr_…`; an operator issues one"
        " with `bursar keys issue`"
    )
