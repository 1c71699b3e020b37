"""Writes down the steps of one task: to whoever watches, and to the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bursar.errors import BursarError
from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_executor.domain import Command, End, Origin, RecordedStep, RecordStep
from bursar_executor.feed import Feed

# Watchers may have seen steps that were not durable when their owner went: the next one leaves
# those numbers out.
NUMBERS_PER_ATTEMPT = 100


class Submitting(Protocol):
    """The writer of the `tasks` stream: `DecidedWriter.submit`."""

    def __call__(self, command: Command, *, lingers: bool = False) -> asyncio.Future[str]: ...


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What a step tells beyond its name, state and summary."""

    backend_id: str = ""
    reservation_id: str = ""
    usage: ledger_pb2.TokenUsage | None = None
    cost: ledger_pb2.Cost | None = None
    plan: planner_pb2.Plan | None = None
    detail_reference: str = ""


NOTHING_MORE = StepFacts()


@dataclass(frozen=True, slots=True)
class Chronicle:
    """Where the steps of one task are written: for whom, by which of its owners, into what."""

    origin: Origin
    attempt: int
    feed: Feed
    submit: Submitting
    clock: Callable[[], int]


class Recorder:
    """The steps of one task. Watchers see a step at once; the log takes it with the next frame.

    What the log did not take is offered again with the task's end: nothing waits for a step but
    who calls `durable`.
    """

    def __init__(self, chronicle: Chronicle) -> None:
        self._to = chronicle
        self._began_ns: dict[int, int] = {}
        self._offered: list[tuple[RecordedStep, asyncio.Future[str]]] = []
        self._step_number = (chronicle.attempt - 1) * NUMBERS_PER_ATTEMPT

    @property
    def attempt(self) -> int:
        """How many owners the task has had, this one included."""
        return self._to.attempt

    @property
    def steps(self) -> list[executor_pb2.Step]:
        return self._to.feed.steps

    def began(
        self,
        name: executor_pb2.StepName.ValueType,
        summary: str,
        facts: StepFacts = NOTHING_MORE,
    ) -> None:
        """A step is under way. Only those that do work are in the log before they end."""
        self._began_ns[name] = self._to.clock()
        is_logged = name == executor_pb2.STEP_NAME_EXECUTE
        self._write(name, executor_pb2.STEP_STATE_STARTED, summary, facts, is_logged=is_logged)

    def ended(
        self,
        name: executor_pb2.StepName.ValueType,
        state: executor_pb2.StepState.ValueType,
        summary: str,
        facts: StepFacts = NOTHING_MORE,
    ) -> None:
        """A step came to its end, one way or another."""
        self._write(name, state, summary, facts, is_logged=True)

    def done(
        self, name: executor_pb2.StepName.ValueType, summary: str, facts: StepFacts = NOTHING_MORE
    ) -> None:
        """The usual end."""
        self.ended(name, executor_pb2.STEP_STATE_COMPLETED, summary, facts)

    def skipped(self, name: executor_pb2.StepName.ValueType, why: str) -> None:
        """Not needed here."""
        self.ended(name, executor_pb2.STEP_STATE_SKIPPED, why)

    async def durable(self) -> None:
        """Returns once the log has every step so far. Raises what the log raised for one."""
        waited = [future for _, future in self._offered if not future.done()]
        if waited:
            await asyncio.wait(waited)
        for _, future in self._offered:
            future.result()

    async def end(
        self, result: executor_pb2.TaskResult, result_reference: str, kept_steps: int
    ) -> None:
        """Ends the task in the log, then for its watchers. May be called again when it raises.

        `kept_steps` are those that lie with the result.
        """
        body = tasks_pb2.TaskEnded(
            task_id=result.task_id,
            state=result.state,
            result_reference=result_reference,
            usage=result.usage,
            cost=result.cost,
            savings=result.savings,
            is_from_cache=result.is_from_cache,
            duration_ns=result.duration_ns,
            error_reason=result.error_reason,
            closing_steps=map(_closing, self.steps[kept_steps:]),
        )
        steps = tuple(step for step, future in self._offered if not _is_taken(future))
        ending = self._to.submit(End(self._to.origin, body.SerializeToString(), steps))
        await asyncio.shield(ending)
        self._to.feed.finish(result)

    def _write(
        self,
        name: executor_pb2.StepName.ValueType,
        state: executor_pb2.StepState.ValueType,
        summary: str,
        facts: StepFacts,
        *,
        is_logged: bool,
    ) -> None:
        self._step_number += 1
        now_ns = self._to.clock()
        step = executor_pb2.Step(
            step_number=self._step_number,
            name=name,
            state=state,
            summary=summary,
            backend_id=facts.backend_id,
            at_ns=now_ns,
            duration_ns=now_ns - self._began_ns.get(name, now_ns),
            usage=facts.usage,
            cost=facts.cost,
            plan=facts.plan,
        )
        self._to.feed.add(step)
        if is_logged:
            self._log(step, facts)

    def _log(self, step: executor_pb2.Step, facts: StepFacts) -> None:
        """The same for the log, without what a person wrote or reads."""
        body = tasks_pb2.StepRecorded(
            task_id=self._to.origin.task_id,
            step_number=step.step_number,
            name=step.name,
            state=step.state,
            backend_id=facts.backend_id,
            reservation_id=facts.reservation_id,
            usage=facts.usage,
            cost=facts.cost,
            duration_ns=step.duration_ns,
            detail_reference=facts.detail_reference,
            attempt=self._to.attempt,
        )
        recorded = RecordedStep(step.step_number, body.SerializeToString())
        self._offered.append((recorded, self._offer(recorded)))

    def _offer(self, step: RecordedStep) -> asyncio.Future[str]:
        """The future answer; where the log takes nothing now, one that says so already."""
        try:
            return self._to.submit(RecordStep(self._to.origin, *step), lingers=True)
        except BursarError as error:
            refused: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            refused.set_exception(error)
            refused.exception()  # nobody may ever look at it
            return refused


def _closing(step: executor_pb2.Step) -> executor_pb2.Step:
    """A step as the event of the end may hold it: the words of the report are the result's."""
    if step.name != executor_pb2.STEP_NAME_REPORT:
        return step
    closing = executor_pb2.Step()
    closing.CopyFrom(step)
    closing.ClearField("summary")
    return closing


def _is_taken(future: asyncio.Future[str]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
