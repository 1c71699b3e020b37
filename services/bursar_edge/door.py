"""Who calls, and what a call is made for: keys and headers turned into attribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bursar.errors import Unauthenticated
from bursar.identity import Caller, Pseudonyms, local_caller
from bursar.ledger.v1 import ledger_pb2
from bursar.recently_used import RecentlyUsed
from bursar.rpc.authentication import Entrance
from bursar.rpc.authorization import LOCAL

KEY_PREFIX = b"bsr_"
OWN_PREFIX = b"x-bursar-"
TASK_HEADER = b"x-bursar-task"
AGENT_HEADER = b"x-bursar-agent"
LABEL_PREFIX = b"x-bursar-label-"
VISITORS_MAX = 4096

_OWN_PREFIX_BYTES = len(OWN_PREFIX)
_BEARER = b"Bearer "

HeaderValues = Mapping[bytes, bytes]
"""Headers by name, in lower case."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who was let in. `is_own_key`: by a key of ours, which no provider may see."""

    attribution: ledger_pb2.Attribution
    is_own_key: bool


class Door:
    """The way in over HTTP: by a Bursar key, or, where none is asked for, as the local user."""

    def __init__(self, entrance: Entrance, pseudonyms: Pseudonyms) -> None:
        self._entrance = entrance
        here = local_caller()
        here = replace(here, user_id=pseudonyms.user(here.tenant_id, here.user_id))
        self._local = Visitor(_attribution(here), is_own_key=False)
        self._local_with_key = replace(self._local, is_own_key=True)
        self._by_key_id: RecentlyUsed[str, Visitor] = RecentlyUsed(VISITORS_MAX)

    def admit(self, headers: HeaderValues) -> Visitor:
        """Raises Unauthenticated for a key that is not known, and for none where one is needed."""
        key = headers.get(b"x-api-key") or headers.get(b"authorization", b"").removeprefix(_BEARER)
        is_own_key = key.startswith(KEY_PREFIX)
        caller = self._entrance.caller(key.decode("latin-1") if is_own_key else "")
        known = self._by_key_id.get(caller.key_id)
        if known is not None:
            return known
        if caller is LOCAL:
            return self._local_with_key if is_own_key else self._local
        if not caller.key_id:
            raise Unauthenticated("a service's own key makes no model calls; send a caller's key")
        visitor = Visitor(_attribution(caller), is_own_key=True)
        return self._by_key_id.put(caller.key_id, visitor)


def _attribution(caller: Caller) -> ledger_pb2.Attribution:
    return ledger_pb2.Attribution(
        tenant_id=caller.tenant_id,
        team_id=caller.team_id,
        user_id=caller.user_id,
        key_id=caller.key_id,
    )


def attribution_of(visitor: Visitor, headers: HeaderValues, call_id: str) -> ledger_pb2.Attribution:
    """The visitor's, with what the call's own headers say of task, agent and labels."""
    attribution = ledger_pb2.Attribution()
    attribution.CopyFrom(visitor.attribution)
    attribution.call_id = call_id
    for name in headers:
        if name[:_OWN_PREFIX_BYTES] == OWN_PREFIX:
            _attribute(attribution, name, headers[name].decode("latin-1"))
    return attribution


def _attribute(attribution: ledger_pb2.Attribution, name: bytes, value: str) -> None:
    if name == TASK_HEADER:
        attribution.task_id = value
    elif name == AGENT_HEADER:
        attribution.agent_id = value
    elif name.startswith(LABEL_PREFIX):
        attribution.labels[name.removeprefix(LABEL_PREFIX).decode("latin-1")] = value
