"""A small decided domain for tests of the log: a budget from which amounts are taken."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from bursar.errors import InvalidRequest, LogBroken
from bursar.eventlog.decider import Decision
from bursar.eventlog.tentative import Undo


@dataclass(frozen=True, slots=True)
class Take:
    operation_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Taken:
    operation_id: str
    amount: int
    left: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Given:
    """The answer."""

    operation_id: str
    granted: bool
    left: int


@dataclass(slots=True)
class Budget:
    left: dict[str, int]
    operations: dict[str, Taken] = field(default_factory=dict)

    def digest(self) -> str:
        facts = [self.left, {key: (t.amount, t.left) for key, t in self.operations.items()}]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def budget(amount: int) -> Budget:
    return Budget({"total": amount})


class BudgetDecider:
    """Takes are granted as long as something is left; the same id again gets the same answer."""

    def __init__(self, expires_at_ns: int | None = None) -> None:
        self.expires_at_ns = expires_at_ns

    def decide(self, state: Budget, command: Take, now_ns: int) -> Decision[Taken, Given]:
        done = state.operations.get(command.operation_id)
        if done is not None:
            return Decision((), Given(done.operation_id, granted=True, left=done.left))
        if command.amount < 0:
            raise InvalidRequest.of("amount", command.amount, "take something")
        left = state.left["total"] - command.amount
        if left < 0:
            return Decision((), Given(command.operation_id, granted=False, left=left))
        taken = Taken(command.operation_id, command.amount, left, now_ns)
        return Decision((taken,), Given(command.operation_id, granted=True, left=left))

    def evolve(self, state: Budget, event: Taken, undo: Undo) -> None:
        undo.put(state.left, "total", event.left)
        undo.put(state.operations, event.operation_id, event)

    def encode(self, event: Taken, command: Take, now_ns: int) -> bytes:
        return json.dumps([event.operation_id, event.amount, event.left, event.at_ns]).encode()

    def decode(self, event_bytes: bytes, number: int) -> Taken | None:
        if event_bytes == b"skippable":
            return None
        if not event_bytes.startswith(b"["):
            raise LogBroken(f"event {number} is of a kind that may not be skipped")
        return Taken(*json.loads(event_bytes))

    def due(self, state: Budget, now_ns: int) -> Take | None:
        if self.expires_at_ns is None or now_ns < self.expires_at_ns:
            return None
        return Take("expiry", state.left["total"]) if "expiry" not in state.operations else None
