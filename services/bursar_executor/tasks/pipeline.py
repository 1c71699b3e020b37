"""One task from plan to report. Each step is recorded as it ends; money moves only through
quota.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from bursar.cache.v1 import cache_pb2
from bursar.compressor.v1 import compressor_pb2
from bursar.errors import BackendUnavailable, BursarError, Kind, LimitExceeded
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.money import format_usd
from bursar.planner.v1 import planner_pb2
from bursar_executor.backends.backend import Backend, Job, Outcome
from bursar_executor.tasks import context, saving
from bursar_executor.tasks.answer_key import canonical_form
from bursar_executor.tasks.answers import Answers
from bursar_executor.tasks.assignment import Assignment, Assignments, assign
from bursar_executor.tasks.changes import changes_between, told
from bursar_executor.tasks.collaborators import Collaborators
from bursar_executor.tasks.needs import inferred_capabilities
from bursar_executor.tasks.payment import Payment
from bursar_executor.tasks.recorder import Recorder, StepFacts
from bursar_executor.tasks.request import TaskRequest
from bursar_executor.working_copy.changes import unified_diff

PLAN, COMPRESS = executor_pb2.STEP_NAME_PLAN, executor_pb2.STEP_NAME_COMPRESS
RESERVE, EXECUTE = executor_pb2.STEP_NAME_RESERVE, executor_pb2.STEP_NAME_EXECUTE
REPORT = executor_pb2.STEP_NAME_REPORT
UNAVAILABLE = executor_pb2.STEP_STATE_UNAVAILABLE


@dataclass(slots=True)
class Progress:
    """What a running task has got so far."""

    files: dict[str, bytes]
    outcomes: list[Outcome] = field(default_factory=list)
    savings: list[ledger_pb2.Saving] = field(default_factory=list)
    spent: StepFacts = field(
        default_factory=lambda: StepFacts(
            usage=ledger_pb2.TokenUsage(), cost=ledger_pb2.Cost(is_known=True)
        )
    )


class TaskRun:
    """Takes one task to its result."""

    def __init__(
        self, task_id: str, request: TaskRequest, recorder: Recorder, team: Collaborators
    ) -> None:
        self._task_id = task_id
        self._request = request
        self._recorder = recorder
        self._team = team
        self._attribution = ledger_pb2.Attribution()
        self._attribution.CopyFrom(request.attribution)
        self._attribution.task_id = task_id
        self._payment = Payment(team.quota, recorder, self._attribution)
        self._progress = Progress(dict(request.files))
        self._described: list[planner_pb2.Backend] = []

    async def result(self) -> executor_pb2.TaskResult:
        """The end of the task. A BursarError on the way becomes its state; only a defect is
        raised.
        """
        try:
            result = await self._worked()
        except BursarError as error:
            result = executor_pb2.TaskResult(
                state=_state_after(error), summary=error.message, error_reason=error.reason
            )
        facts = StepFacts(usage=result.usage, cost=result.cost)
        self._recorder.done(REPORT, result.summary, facts)
        return result

    async def _worked(self) -> executor_pb2.TaskResult:
        needed = self._needed()
        plan = await self._planned(needed)
        missing = [found for found in self._described if not found.is_available]
        requested_model = self._request.submitted.task.requested_model
        assignments = assign(plan, needed, requested_model, missing)
        answers = self._answers(plan, needed, assignments)
        known = await answers.known()
        if known is not None:
            return known
        job = await self._job(plan, assignments, needed)
        if assignments.working:
            await self._paid_work(plan, assignments, job)
        else:
            self._recorder.skipped(RESERVE, _would_have_held(plan))
        self._tell_uncovered(assignments)
        result = self._assembled(assignments)
        await answers.keep(result)
        return result

    def _needed(self) -> tuple[str, ...]:
        task = self._request.submitted.task
        if task.required_capabilities or task.requested_model:
            return tuple(task.required_capabilities)
        logs = self._team.backends.logs_in(self._request.files)
        return inferred_capabilities(task.description, logs)

    async def _planned(self, needed: tuple[str, ...]) -> planner_pb2.Plan:
        self._recorder.began(PLAN, "how little this needs")
        stated = self._request.submitted.task
        task = planner_pb2.Task()
        task.CopyFrom(stated)
        del task.required_capabilities[:]
        task.required_capabilities.extend(needed)
        task.context_tokens = self._team.backends.count_tokens(context.joined(self._request.files))
        if stated.requested_model:
            await self._team.backends.model_named(stated.requested_model)
        self._described = await self._team.backends.describe(self._request.files)
        response = await self._team.planner.plan(
            planner_pb2.PlanRequest(
                attribution=self._attribution, task=task, backends=self._described
            )
        )
        plan = response.plan
        level = planner_pb2.ThoughtLevel.Name(plan.thought_level).removeprefix("THOUGHT_LEVEL_")
        summary = f"{level}, at most {plan.budget.max_tokens:,} tokens"
        if needed:
            origin = "" if stated.required_capabilities else " (read from the words)"
            summary += f"; needs {', '.join(needed)}{origin}"
        self._recorder.done(PLAN, summary, StepFacts(plan=plan))
        return plan

    def _answers(
        self, plan: planner_pb2.Plan, needed: tuple[str, ...], assignments: Assignments
    ) -> Answers:
        versions = [self._backend(found).version for found in assignments.working]
        form = canonical_form(self._request, needed, versions)
        is_bypassed = self._request.submitted.is_cache_bypassed
        return Answers(
            self._team.cache,
            self._recorder,
            self._attribution,
            cache_pb2.Key(canonical_form=form),
            planner_pb2.CACHE_STRATEGY_NONE if is_bypassed else plan.cache_strategy,
        )

    def _backend(self, assignment: Assignment) -> Backend:
        return self._team.backends.by_id(assignment.backend_id)

    async def _job(
        self, plan: planner_pb2.Plan, assignments: Assignments, needed: tuple[str, ...]
    ) -> Job:
        shares = context.shares_of(plan)
        return Job(
            description=self._request.description,
            capabilities=needed,
            files=self._progress.files,
            context=await self._compressed(plan, assignments, shares),
            max_output_tokens=shares.output_tokens,
            max_duration_s=plan.budget.max_duration_ns / 1e9,
            operation_id=f"{self._task_id}/call",
            origin=self._origin(),
        )

    def _origin(self) -> Path | None:
        """Where the files came from, as far as this executor may look there."""
        named = self._request.submitted.origin_directory
        if not named or not self._team.is_local:
            return None
        origin = Path(named)
        return origin if origin.is_absolute() and origin.is_dir() else None

    async def _compressed(
        self, plan: planner_pb2.Plan, assignments: Assignments, shares: context.Shares
    ) -> str:
        readers = [found for found in assignments.working if found.is_model]
        if not readers or not self._request.files:
            why = "no files came with it" if readers else "no model reads this"
            self._recorder.skipped(COMPRESS, why)
            return ""
        self._recorder.began(COMPRESS, "the same in fewer tokens")
        room_tokens = self._backend(readers[0]).input_tokens_max(shares.output_tokens)
        bounds = compressor_pb2.CompressRequest(
            level=context.LEVELS.get(plan.compression_level, compressor_pb2.LEVEL_SAFE),
            target_tokens=min(shares.input_tokens, room_tokens),
            model=readers[0].target.model,
            query=self._request.description,
        )
        text = context.joined(self._request.files)
        answer = await context.compressed(self._team.compressor, text, bounds, self._attribution)
        methods = ", ".join(change.method for change in answer.changes) or "nothing to take out"
        self._recorder.done(
            COMPRESS, f"{answer.tokens_before:,} to {answer.tokens_after:,} tokens: {methods}"
        )
        if answer.tokens_after < answer.tokens_before:
            self._progress.savings.append(
                saving.by_compression(answer.tokens_before, answer.tokens_after)
            )
        return answer.content

    async def _paid_work(self, plan: planner_pb2.Plan, assignments: Assignments, job: Job) -> None:
        holds = [self._backend(found).hold(job) for found in assignments.working]
        reservation = await self._payment.reserve(
            assignments.working, holds, plan.budget.max_duration_ns
        )
        for assignment in assignments.working:
            await self._executed(assignment, job)
        progress = self._progress
        progress.spent = await self._payment.settle(
            reservation, holds, progress.outcomes, progress.savings
        )

    async def _executed(self, assignment: Assignment, job: Job) -> None:
        self._recorder.began(EXECUTE, f"{assignment.backend_id} at work", assignment.backend_id)
        if assignment.is_model:
            await self._recorder.durable()
        outcome = await _within_bounds(self._backend(assignment), job)
        is_done = outcome.error is None
        if is_done and not assignment.is_model:
            read_tokens = self._team.backends.count_tokens(context.joined(job.files))
            self._progress.savings.append(saving.by_free_tool(assignment.backend_id, read_tokens))
        self._progress.files.update(outcome.files)
        self._progress.outcomes.append(outcome)
        self._recorder.ended(
            EXECUTE,
            executor_pb2.STEP_STATE_COMPLETED if is_done else executor_pb2.STEP_STATE_FAILED,
            outcome.summary,
            StepFacts(backend_id=assignment.backend_id, usage=outcome.usage),
        )

    def _tell_uncovered(self, assignments: Assignments) -> None:
        if not assignments.uncovered:
            return
        missing = ", ".join(assignments.uncovered)
        remedies = "; ".join(assignments.remedies) or "set up a model or a coding CLI"
        self._recorder.ended(EXECUTE, UNAVAILABLE, f"nobody here can do {missing}. {remedies}")

    def _assembled(self, assignments: Assignments) -> executor_pb2.TaskResult:
        progress = self._progress
        error = next((found.error for found in progress.outcomes if found.error is not None), None)
        if error is None and assignments.uncovered:
            error = BackendUnavailable(f"not done: {', '.join(assignments.uncovered)}")
        summaries = [found.summary for found in progress.outcomes]
        if assignments.uncovered:
            summaries += [f"not done: {', '.join(assignments.uncovered)}", *assignments.remedies]
        changes = changes_between(self._request.files, progress.files)
        return executor_pb2.TaskResult(
            state=executor_pb2.TASK_STATE_COMPLETED if error is None else _state_after(error),
            error_reason="" if error is None else error.reason,
            summary="; ".join(summaries),
            text="\n\n".join(found.text for found in progress.outcomes if found.text),
            diff=unified_diff(changes),
            changes=told(changes),
            findings=[finding for found in progress.outcomes for finding in found.findings],
            failing_tests=[test for found in progress.outcomes for test in found.failing_tests],
            usage=progress.spent.usage,
            cost=progress.spent.cost,
            savings=progress.savings,
        )


async def _within_bounds(backend: Backend, job: Job) -> Outcome:
    try:
        async with asyncio.timeout(job.max_duration_s + backend.start_allowance_s):
            return await backend.work(job)
    except BursarError as error:
        return Outcome(summary=error.message, error=error)
    except TimeoutError:
        late = BackendUnavailable(f"no result within the plan's {job.max_duration_s:.0f} s")
        return Outcome(summary=late.message, error=late, is_usage_unknown=True)


def _would_have_held(plan: planner_pb2.Plan) -> str:
    for found in plan.candidates:
        if found.backend.target.tier == ledger_pb2.BACKEND_TIER_PAID_API and found.is_cost_known:
            cost = format_usd(found.expected_cost_nano_usd)
            return f"nothing; it would be about {cost} with {found.backend.backend_id}"
    return f"nothing; it would be at most {plan.budget.max_tokens:,} tokens"


def _state_after(error: BursarError) -> executor_pb2.TaskState.ValueType:
    if isinstance(error, LimitExceeded):
        return executor_pb2.TASK_STATE_DENIED
    if error.kind is Kind.UNAVAILABLE:
        return executor_pb2.TASK_STATE_UNAVAILABLE
    return executor_pb2.TASK_STATE_FAILED
