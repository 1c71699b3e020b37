"""Writes down the steps of one task: to whoever watches, and to the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_executor.domain import Command, End, Origin, RecordStep
from bursar_executor.feed import Feed

Submitting = Callable[[Command], "asyncio.Future[str]"]


@dataclass(frozen=True, slots=True)
class StepFacts:
    """What a step tells beyond its name, state and summary."""

    backend_id: str = ""
    reservation_id: str = ""
    usage: ledger_pb2.TokenUsage | None = None
    cost: ledger_pb2.Cost | None = None
    plan: planner_pb2.Plan | None = None


NOTHING_MORE = StepFacts()


class Recorder:
    """The steps of one task. Watchers see a step at once; `durable` waits until the log has all."""

    def __init__(
        self, origin: Origin, feed: Feed, submit: Submitting, clock: Callable[[], int]
    ) -> None:
        self._origin = origin
        self._feed = feed
        self._submit = submit
        self._clock = clock
        self._began_ns: dict[int, int] = {}
        self._waiting: list[asyncio.Future[str]] = []
        self._step_number = len(feed.steps)

    def began(
        self, name: executor_pb2.StepName.ValueType, summary: str, backend_id: str = ""
    ) -> None:
        """A step is under way. Only those that do work are in the log before they end."""
        self._began_ns[name] = self._clock()
        self._write(
            name,
            executor_pb2.STEP_STATE_STARTED,
            summary,
            StepFacts(backend_id=backend_id),
            is_logged=name == executor_pb2.STEP_NAME_EXECUTE,
        )

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
        """Returns once the log has every step so far. Raises what the log raised."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            await asyncio.shield(future)

    async def end(self, result: executor_pb2.TaskResult, result_reference: str) -> None:
        """Ends the task in the log, then for its watchers."""
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
        )
        ending = self._submit(End(self._origin, body.SerializeToString()))
        await self.durable()
        await asyncio.shield(ending)
        self._feed.finish(result)

    @property
    def steps(self) -> list[executor_pb2.Step]:
        return self._feed.steps

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
        now_ns = self._clock()
        began_ns = self._began_ns.get(name, now_ns)
        step = executor_pb2.Step(
            step_number=self._step_number,
            name=name,
            state=state,
            summary=summary,
            backend_id=facts.backend_id,
            at_ns=now_ns,
            duration_ns=now_ns - began_ns,
            usage=facts.usage,
            cost=facts.cost,
            plan=facts.plan,
        )
        self._feed.add(step)
        if is_logged:
            body = tasks_pb2.StepRecorded(
                task_id=self._origin.task_id,
                step_number=self._step_number,
                name=name,
                state=state,
                backend_id=facts.backend_id,
                reservation_id=facts.reservation_id,
                usage=facts.usage,
                cost=facts.cost,
                duration_ns=step.duration_ns,
                attempt=1,
            )
            command = RecordStep(self._origin, self._step_number, body.SerializeToString())
            self._waiting.append(self._submit(command))
