"""Who calls, over gRPC or HTTP: by the key that is presented, or, where none is asked for, anybody
local.
"""

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

    @property
    def is_asking_for_keys(self) -> bool:
        """False where everybody who reaches it is let in."""
        return self._callers is not None

    def caller(self, key: str) -> Caller:
        """Who presents `key`, empty where none came; LOCAL where none is asked for.

        Raises Unauthenticated.
        """
        if self._callers is None:
            return LOCAL
        if not key:
            raise Unauthenticated(
                "send a Bursar API key as `authorization: Bearer bsr_…`, over HTTP also as"
                " `x-api-key`; an operator issues one with `bursar keys issue`"
            )
        return self._callers.by_key(key)

    def admission(self, method: MethodDescriptor) -> Admit:
        """The way in for one method. Raises KeyError at once for one that the table lacks."""
        rule, exchange = RULES[method.full_name], self._exchange
        if self._callers is None:
            return lambda request, _: rule(request, LOCAL, exchange)
        return lambda request, metadata: rule(request, self.caller(_key_in(metadata)), exchange)


def bearer(key: Secret) -> tuple[str, str]:
    """The metadata that presents `key`."""
    return METADATA_NAME, f"Bearer {key.reveal_text()}"


def _key_in(metadata: Metadata) -> str:
    for name, value in metadata:
        if name == METADATA_NAME:
            scheme, _, key = str(value).partition(" ")
            if scheme.lower() == SCHEME:
                return key.strip()
    return ""
