"""Who calls, and what a call is made for: keys and headers turned into attribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bursar.errors import Unauthenticated
from bursar.identity import Caller, Callers, Pseudonyms, local_caller
from bursar.ledger.v1 import ledger_pb2
from bursar.recently_used import RecentlyUsed

KEY_PREFIX = "bsr_"
TASK_HEADER = "x-bursar-task"
AGENT_HEADER = "x-bursar-agent"
LABEL_PREFIX = "x-bursar-label-"
VISITORS_MAX = 4096


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who was let in. `is_own_key`: by a key of ours, which no provider may see."""

    attribution: ledger_pb2.Attribution
    is_own_key: bool


class Door:
    """Lets callers in: by their Bursar keys, or, where none is asked for, as the local user."""

    def __init__(self, callers: Callers, pseudonyms: Pseudonyms, *, is_key_needed: bool) -> None:
        self._callers = callers
        self._is_key_needed = is_key_needed
        here = local_caller()
        here = replace(here, user_id=pseudonyms.user(here.tenant_id, here.user_id))
        self._local = Visitor(_attribution(here), is_own_key=False)
        self._by_principal: RecentlyUsed[str, Visitor] = RecentlyUsed(VISITORS_MAX)

    def admit(self, headers: Mapping[str, str]) -> Visitor:
        """Raises Unauthenticated for a key that is not known, and for none where one is needed."""
        text = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if not text.startswith(KEY_PREFIX):
            if self._is_key_needed:
                raise Unauthenticated(
                    "send a Bursar API key (bsr_…) as x-api-key or as a bearer token; an operator"
                    " issues one with `bursar keys issue`"
                )
            return self._local
        caller = self._callers.by_key(text)
        known = self._by_principal.get(caller.principal)
        if known is not None:
            return known
        if not caller.key_id:
            raise Unauthenticated("a service's own key makes no model calls; send a caller's key")
        visitor = Visitor(_attribution(caller), is_own_key=True)
        return self._by_principal.put(caller.principal, visitor)


def _attribution(caller: Caller) -> ledger_pb2.Attribution:
    return ledger_pb2.Attribution(
        tenant_id=caller.tenant_id,
        team_id=caller.team_id,
        user_id=caller.user_id,
        key_id=caller.key_id,
    )


def attribution_of(
    visitor: Visitor, headers: Mapping[str, str], call_id: str
) -> ledger_pb2.Attribution:
    """The visitor's, with what the call's own headers say of task, agent and labels."""
    attribution = ledger_pb2.Attribution()
    attribution.CopyFrom(visitor.attribution)
    attribution.call_id = call_id
    for name, value in headers.items():
        if not name.startswith("x-bursar-"):
            continue
        if name == TASK_HEADER:
            attribution.task_id = value
        elif name == AGENT_HEADER:
            attribution.agent_id = value
        elif name.startswith(LABEL_PREFIX):
            attribution.labels[name.removeprefix(LABEL_PREFIX)] = value
    return attribution
