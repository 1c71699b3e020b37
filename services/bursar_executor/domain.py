"""The rules of a task's life in the log: submitted once, recorded step by step, ended exactly once.

Bodies are the encoded payloads of bursar.events.v1; the rules never look inside. Values are
structs: they are made for every step, at a fifth of what a frozen dataclass takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bursar.errors import Conflict, FailedPrecondition, InvalidRequest, NotFound

ENDED_TASKS_KEPT = 20_000
BATCHES_MAX = 200

Key = TypeVar("Key")
Value = TypeVar("Value")


class Changes(Protocol):
    """How a fold changes its state so that it can be taken back:
    `bursar.eventlog.tentative.Undo`.
    """

    def put(self, mapping: dict[Key, Value], key: Key, value: Value) -> None: ...

    def drop(self, mapping: dict[Key, Value], key: Key) -> None: ...


class Origin(Struct, frozen=True, gc=False):
    """Whose task it is and which trace it belongs to. `working_copy` is encoded, empty outside
    git.
    """

    tenant_id: str
    task_id: str
    trace_id: bytes = b""
    span_id: bytes = b""
    working_copy: bytes = b""


class Verdict(IntEnum):
    """What was said of a task's changes; as the contract numbers it."""

    NONE = 0
    APPROVED = 1
    REJECTED = 2


class StepBatch(NamedTuple):
    """Records of a task's life that come together, told apart by the number of the first."""

    first_number: int
    body: bytes


class Submit(Struct, frozen=True, gc=False):
    """Takes a task; its inputs are durable already."""

    origin: Origin
    operation_id: str
    fingerprint: bytes
    body: bytes


class RecordSteps(Struct, frozen=True, gc=False):
    """Steps began, ended, were skipped or failed. A first number stands for one batch: the same
    again causes nothing.
    """

    origin: Origin
    batch: StepBatch


class End(Struct, frozen=True, gc=False):
    """The task is over, one way or another. `batches` are those that may not be in the log yet:
    they go in with the end, so that no end stands without them.
    """

    origin: Origin
    body: bytes
    batches: tuple[StepBatch, ...] = ()


class RequestCancel(Struct, frozen=True, gc=False):
    """Asks for an end as soon as the present step lets go."""

    origin: Origin


class Judge(Struct, frozen=True, gc=False):
    """Somebody says yes or no to the changes of an ended task, once for all."""

    origin: Origin
    verdict: Verdict


Command = Submit | RecordSteps | End | RequestCancel | Judge


class Submitted(Struct, frozen=True, gc=False):
    origin: Origin
    operation_id: str
    fingerprint: bytes
    body: bytes


class StepsRecorded(Struct, frozen=True, gc=False):
    origin: Origin
    batch: StepBatch


class Ended(Struct, frozen=True, gc=False):
    origin: Origin
    body: bytes


class CancelRequested(Struct, frozen=True, gc=False):
    origin: Origin


class Judged(Struct, frozen=True, gc=False):
    origin: Origin
    verdict: Verdict


Event = Submitted | StepsRecorded | Ended | CancelRequested | Judged


class TaskEntry(Struct, frozen=True, gc=False):
    """A task as the log has it. What was asked and the steps are let go when it ends: its result
    holds them.
    """

    origin: Origin
    operation_id: str
    submitted_body: bytes
    batches: tuple[StepBatch, ...] = ()
    ended_body: bytes | None = None
    is_cancel_requested: bool = False
    verdict: Verdict = Verdict.NONE


class Accepted(Struct, frozen=True, gc=False):
    """What an operation id stands for."""

    fingerprint: bytes
    task_id: str


@dataclass(slots=True)
class Tasks:
    """The state: mappings alone, changed through `Changes`."""

    entries: dict[str, TaskEntry] = field(default_factory=dict)
    operations: dict[tuple[str, str], Accepted] = field(default_factory=dict)
    # The place of each ended task in the order of ends, so that the oldest can be let go.
    ended_order: dict[int, str] = field(default_factory=dict)
    ended_count: dict[str, int] = field(default_factory=dict)

    def running(self) -> tuple[TaskEntry, ...]:
        """Tasks that have not ended, oldest first: what a new owner resumes."""
        waiting = (entry for entry in self.entries.values() if entry.ended_body is None)
        return tuple(sorted(waiting, key=lambda entry: entry.origin.task_id))


class Decided(Struct, frozen=True, gc=False):
    """Events and the id of the task they are about."""

    events: tuple[Event, ...]
    answer: str


def decide(tasks: Tasks, command: Command, now_ns: int) -> Decided:
    """What `command` causes; the answer is the task's id. The same command again causes nothing."""
    match command:
        case Submit():
            return _submit(tasks, command)
        case RecordSteps():
            return _record_steps(tasks, command)
        case End():
            return _end(tasks, command)
        case RequestCancel():
            return _request_cancel(tasks, command)
        case Judge():
            return _judge(tasks, command)


def _submit(tasks: Tasks, command: Submit) -> Decided:
    origin = command.origin
    accepted = tasks.operations.get((origin.tenant_id, command.operation_id))
    if accepted is not None:
        if accepted.fingerprint != command.fingerprint:
            raise Conflict(
                f"operation id {command.operation_id!r} stands for another task; use a new id",
                facts={"operation_id": command.operation_id, "task_id": accepted.task_id},
            )
        return Decided((), accepted.task_id)
    if origin.task_id in tasks.entries:
        raise Conflict(f"task id {origin.task_id!r} is taken", facts={"task_id": origin.task_id})
    event = Submitted(origin, command.operation_id, command.fingerprint, command.body)
    return Decided((event,), origin.task_id)


def _record_steps(tasks: Tasks, command: RecordSteps) -> Decided:
    entry = _entry(tasks, command.origin)
    if entry.ended_body is not None:
        raise FailedPrecondition(f"task {command.origin.task_id} has ended; it takes no more steps")
    number = command.batch.first_number
    if any(batch.first_number == number for batch in entry.batches):
        return Decided((), command.origin.task_id)
    if len(entry.batches) >= BATCHES_MAX:
        raise InvalidRequest.of("step_number", number, f"use at most {BATCHES_MAX} batches")
    return Decided((StepsRecorded(command.origin, command.batch),), command.origin.task_id)


def _end(tasks: Tasks, command: End) -> Decided:
    entry = _entry(tasks, command.origin)
    if entry.ended_body is not None:
        return Decided((), command.origin.task_id)
    known = {batch.first_number for batch in entry.batches}
    missing: tuple[Event, ...] = tuple(
        StepsRecorded(command.origin, batch)
        for batch in command.batches
        if batch.first_number not in known
    )
    ended = Ended(command.origin, command.body)
    return Decided((*missing, ended), command.origin.task_id)


def _request_cancel(tasks: Tasks, command: RequestCancel) -> Decided:
    entry = _entry(tasks, command.origin)
    if entry.ended_body is not None or entry.is_cancel_requested:
        return Decided((), command.origin.task_id)
    return Decided((CancelRequested(command.origin),), command.origin.task_id)


def _judge(tasks: Tasks, command: Judge) -> Decided:
    entry = _entry(tasks, command.origin)
    task_id = command.origin.task_id
    if entry.ended_body is None:
        raise FailedPrecondition(f"task {task_id} has not ended: there is nothing to judge yet")
    if entry.verdict is command.verdict:
        return Decided((), task_id)
    if entry.verdict is not Verdict.NONE:
        said = entry.verdict.name.lower()
        raise FailedPrecondition(
            f"the changes of task {task_id} were {said} before; submit the task again",
            facts={"task_id": task_id},
        )
    return Decided((Judged(command.origin, command.verdict),), task_id)


def _entry(tasks: Tasks, origin: Origin) -> TaskEntry:
    entry = tasks.entries.get(origin.task_id)
    if entry is None or entry.origin.tenant_id != origin.tenant_id:
        raise NotFound(
            f"there is no task {origin.task_id!r}; see `bursar report --by task`",
            facts={"task_id": origin.task_id},
        )
    return entry


def find(tasks: Tasks, tenant_id: str, task_id: str) -> TaskEntry:
    """The task of this tenant; raises NotFound for another tenant's as for none."""
    return _entry(tasks, Origin(tenant_id, task_id))


def evolve(tasks: Tasks, event: Event, changes: Changes) -> None:
    """The state after `event`. Total: what is in the log has happened."""
    task_id = event.origin.task_id
    if isinstance(event, Submitted):
        entry = TaskEntry(event.origin, event.operation_id, event.body)
        changes.put(tasks.entries, task_id, entry)
        key = (event.origin.tenant_id, event.operation_id)
        changes.put(tasks.operations, key, Accepted(event.fingerprint, task_id))
        return
    entry_before = tasks.entries.get(task_id)
    if entry_before is None:
        return
    match event:
        case StepsRecorded(batch=batch):
            batches = (*entry_before.batches, batch)
            changes.put(tasks.entries, task_id, replace(entry_before, batches=batches))
        case CancelRequested():
            changes.put(tasks.entries, task_id, replace(entry_before, is_cancel_requested=True))
        case Judged(verdict=verdict):
            changes.put(tasks.entries, task_id, replace(entry_before, verdict=verdict))
        case Ended(body=body):
            ended = replace(entry_before, submitted_body=b"", batches=(), ended_body=body)
            changes.put(tasks.entries, task_id, ended)
            _let_the_oldest_go(tasks, task_id, changes)


def _let_the_oldest_go(tasks: Tasks, ended_task_id: str, changes: Changes) -> None:
    place = tasks.ended_count.get("ended", 0) + 1
    changes.put(tasks.ended_count, "ended", place)
    changes.put(tasks.ended_order, place, ended_task_id)
    oldest = tasks.ended_order.get(place - ENDED_TASKS_KEPT)
    if oldest is None:
        return
    changes.drop(tasks.ended_order, place - ENDED_TASKS_KEPT)
    entry = tasks.entries[oldest]
    changes.drop(tasks.entries, oldest)
    changes.drop(tasks.operations, (entry.origin.tenant_id, entry.operation_id))
