"""Calls that came under an id of their caller's: a retry never pays twice.

What this process remembers is answered again. What it has forgotten, or what an earlier process
did, is known by quota alone: a hold that was dispatched is never dispatched again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from bursar.errors import Conflict, OutcomeUnknown, Unavailable
from bursar.executor.v1 import executor_pb2
from bursar.recently_used import RecentlyUsed

OPERATIONS_KEPT = 2_048
ANSWER_BYTES_KEPT_MAX = 64 * 1024
RETRY_AFTER_NS = 500_000_000


class Stage(Enum):
    """How far a call has come."""

    UNDER_WAY = "under way"
    UNPAID = "unpaid"  # it took nothing: the next try may send again
    DENIED = "denied"  # the same id gets the same refusal
    PAID = "paid"


@dataclass(slots=True)
class Operation:
    """One call. `number` counts its tries that reserved; `parts` are its answer, where it is
    kept.
    """

    fingerprint: bytes
    number: int = 1
    stage: Stage = Stage.UNDER_WAY
    parts: tuple[executor_pb2.GenerateResponse, ...] = field(default=())

    def let_go(self) -> None:
        """Its caller has left: what took nothing until here may be tried again."""
        if self.stage is Stage.UNDER_WAY:
            self.stage = Stage.UNPAID


class Operations:
    """The newest calls of this process by call id."""

    def __init__(self) -> None:
        self._known: RecentlyUsed[str, Operation] = RecentlyUsed(OPERATIONS_KEPT)

    def begun(self, call_id: str, fingerprint: bytes) -> Operation:
        """The operation, under way from now on, or paid with its answer in `parts`.

        Raises Conflict for other content, Unavailable while an earlier try is under way, and
        OutcomeUnknown where an earlier one was paid for and its answer is not at hand.
        """
        known = self._known.get(call_id)
        if known is None:
            return self._known.put(call_id, Operation(fingerprint))
        if known.fingerprint != fingerprint:
            raise Conflict(
                "this operation id stands for another call; use a new id",
                facts={"call_id": call_id},
            )
        match known.stage:
            case Stage.UNDER_WAY:
                raise Unavailable(
                    "an earlier try of this call has not ended", retry_after_ns=RETRY_AFTER_NS
                )
            case Stage.PAID if not known.parts:
                raise paid_before(call_id)
            case Stage.UNPAID:
                known.number += 1
        if known.stage is not Stage.PAID:
            known.stage = Stage.UNDER_WAY
        return known


def keep(operation: Operation, parts: Sequence[executor_pb2.GenerateResponse]) -> None:
    """Remembers an answer that is not too long, for who asks again."""
    if sum(part.ByteSize() for part in parts) <= ANSWER_BYTES_KEPT_MAX:
        operation.parts = tuple(parts)


def paid_before(call_id: str) -> OutcomeUnknown:
    """What a try is told whose predecessor was sent."""
    return OutcomeUnknown(
        "this call was sent before and may have been paid for: `bursar audit` shows what it took;"
        " a new operation id sends it again",
        facts={"call_id": call_id},
    )
