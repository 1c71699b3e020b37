"""The backends of one task at work, one after the other, under one reservation and one budget."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bursar.errors import BursarError
from bursar.executor.v1 import executor_pb2
from bursar_executor.backends.backend import Backend, BudgetExhausted, Outcome, Work
from bursar_executor.tasks import kept_outcome
from bursar_executor.tasks.again import until_done
from bursar_executor.tasks.assembling import Progress
from bursar_executor.tasks.assignment import Assignment
from bursar_executor.tasks.bounded_work import worked
from bursar_executor.tasks.budget import TaskBudget
from bursar_executor.tasks.collaborators import Collaborators
from bursar_executor.tasks.halt import Halt
from bursar_executor.tasks.ledger import spent_by
from bursar_executor.tasks.looking_again import outdated, without_what_is_left
from bursar_executor.tasks.payment import Payment
from bursar_executor.tasks.recorder import Recorder, StepFacts

EXECUTE = executor_pb2.STEP_NAME_EXECUTE
COMPLETED, FAILED = executor_pb2.STEP_STATE_COMPLETED, executor_pb2.STEP_STATE_FAILED


@dataclass(frozen=True, slots=True)
class Assigned:
    """A backend, and its job made ready."""

    assignment: Assignment
    backend: Backend
    work: Work


@dataclass(frozen=True, slots=True)
class Working:
    """What the works of one task share. What they did goes into `progress`."""

    recorder: Recorder
    payment: Payment
    team: Collaborators
    halt: Halt
    progress: Progress
    budget: TaskBudget

    async def in_turn(self, assigned: Sequence[Assigned], reservation_id: str) -> None:
        """Each once; those whose findings a later one may have mended look again."""
        outcomes = self.progress.outcomes
        before = len(outcomes)
        for found in assigned:
            self.halt.check()
            await self._work(found, reservation_id)
        for place in outdated(outcomes[before:]):
            self.halt.check()
            outcomes[before + place] = without_what_is_left(outcomes[before + place])
            await self._work(assigned[place], reservation_id)

    async def _work(self, assigned: Assigned, reservation_id: str) -> None:
        """One backend's part, or why the budget has no room for it."""
        assignment, hold = assigned.assignment, assigned.work.hold
        under = reservation_id if assignment.is_model else ""
        facts = StepFacts(backend_id=assignment.backend_id, reservation_id=under)
        try:
            self.budget.check_time()
            if assignment.is_model:
                self.budget.check(hold, is_paid=assignment.is_paid)
        except BudgetExhausted as error:
            self.progress.outcomes.append(Outcome(summary=error.message, error=error))
            self.recorder.ended(EXECUTE, FAILED, error.message)
            return
        self.recorder.began(EXECUTE, f"{assignment.backend_id} at work", facts)
        outcome = await self._outcome(assigned, reservation_id)
        self.progress.take(hold, outcome)
        if assignment.is_model:
            self.progress.answers[assignment.backend_id] = outcome
        await self._note_end(assigned, outcome, facts)

    async def _outcome(self, assigned: Assigned, reservation_id: str) -> Outcome:
        """What came of it. Before a model is sent anything, quota and the log know of it: that the
        log takes the step shows that this process still owns the task.
        """
        is_model, allowance_s = assigned.assignment.is_model, assigned.backend.start_allowance_s
        if is_model:
            await until_done(self.recorder.durable)
            await self.payment.dispatch(reservation_id)
        began_ns = self.team.clock()
        outcome = await worked(assigned.work, self.budget.left_s, allowance_s, self.halt)
        self.budget.lasted((self.team.clock() - began_ns) / 1e9 - allowance_s)
        if is_model:
            spent = spent_by(assigned.work.hold, outcome)
            self.budget.took(spent, is_paid=assigned.assignment.is_paid)
        return outcome

    async def _note_end(self, assigned: Assigned, outcome: Outcome, begun: StepFacts) -> None:
        is_model = assigned.assignment.is_model
        spent = spent_by(assigned.work.hold, outcome)
        facts = replace(
            begun,
            usage=spent.usage,
            cost=spent.cost,
            detail_reference=await self._kept(outcome) if is_model else "",
            provider_limits=outcome.provider_limits,
        )
        state = COMPLETED if outcome.error is None else FAILED
        self.recorder.ended(EXECUTE, state, outcome.summary, facts)
        if is_model:
            with suppress(BursarError):  # the answer is here, and the task's end brings the step
                await self.recorder.durable()

    async def _kept(self, outcome: Outcome) -> str:
        """Where a later owner finds what was paid for; empty where there is no room for it."""
        content = kept_outcome.encoded(outcome)
        try:
            return str(await self.team.blobs.put(self.payment.attribution.tenant_id, content))
        except BursarError:
            return ""
