"""Writes down the steps of one task: to whoever watches, and to the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_executor.domain import End, Origin
from bursar_executor.feed import Feed
from bursar_executor.tasks.step_log import StepLog, Submitting

# Watchers may have seen steps that were not durable when their owner went: the next one leaves
# those numbers out.
NUMBERS_PER_ATTEMPT = 100


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What a step tells beyond its name, state and summary."""

    backend_id: str = ""
    reservation_id: str = ""
    usage: ledger_pb2.TokenUsage | None = None
    cost: ledger_pb2.Cost | None = None
    plan: planner_pb2.Plan | None = None
    detail_reference: str = ""
    provider_limits: Sequence[tasks_pb2.ProviderLimit] = ()


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
    """The steps of one task. Watchers see a step at once; the log takes it soon after, and at the
    latest with the task's end: nothing waits for a step but who calls `durable`.
    """

    def __init__(self, chronicle: Chronicle) -> None:
        self._to = chronicle
        self._log = StepLog(chronicle.origin, chronicle.submit)
        self._began_ns: dict[int, int] = {}
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
        """A step is under way."""
        self._began_ns[name] = self._to.clock()
        self._write(name, executor_pb2.STEP_STATE_STARTED, summary, facts)

    def ended(
        self,
        name: executor_pb2.StepName.ValueType,
        state: executor_pb2.StepState.ValueType,
        summary: str,
        facts: StepFacts = NOTHING_MORE,
    ) -> None:
        """A step came to its end, one way or another."""
        self._write(name, state, summary, facts)

    def done(
        self, name: executor_pb2.StepName.ValueType, summary: str, facts: StepFacts = NOTHING_MORE
    ) -> None:
        """The usual end."""
        self.ended(name, executor_pb2.STEP_STATE_COMPLETED, summary, facts)

    def skipped(self, name: executor_pb2.StepName.ValueType, why: str) -> None:
        """Not needed here."""
        self.ended(name, executor_pb2.STEP_STATE_SKIPPED, why)

    async def durable(self) -> None:
        """Returns once the log has every step so far. Raises what the log raised for one; what it
        did not take is offered again the next time.
        """
        await self._log.durable()

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
        end = End(self._to.origin, body.SerializeToString(), self._log.missing())
        await asyncio.shield(self._to.submit(end))
        self._to.feed.finish(result)

    def _write(
        self,
        name: executor_pb2.StepName.ValueType,
        state: executor_pb2.StepState.ValueType,
        summary: str,
        facts: StepFacts,
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
        self._log.add(self._without_words(step, facts))

    def _without_words(self, step: executor_pb2.Step, facts: StepFacts) -> tasks_pb2.StepRecord:
        """The same for the log, without what a person wrote or reads."""
        return tasks_pb2.StepRecord(
            at_ns=step.at_ns,
            step_number=step.step_number,
            name=step.name,
            state=step.state,
            backend_id=facts.backend_id,
            reservation_id=facts.reservation_id,
            usage=facts.usage,
            cost=facts.cost,
            duration_ns=step.duration_ns,
            detail_reference=facts.detail_reference,
            provider_limits=facts.provider_limits,
            attempt=self._to.attempt,
        )


def _closing(step: executor_pb2.Step) -> executor_pb2.Step:
    """A step as the event of the end may hold it: the words of the report are the result's."""
    if step.name != executor_pb2.STEP_NAME_REPORT:
        return step
    closing = executor_pb2.Step()
    closing.CopyFrom(step)
    closing.ClearField("summary")
    return closing
