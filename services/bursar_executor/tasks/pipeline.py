"""One task from plan to report. Each step is recorded as it ends; money moves only through
quota.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bursar.cache.v1 import cache_pb2
from bursar.errors import BursarError, LimitExceeded
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.quota.v1 import quota_pb2
from bursar.tokens.shares import shares_of
from bursar_executor.backends.backend import Backend, Job
from bursar_executor.backends.settings_digest import settings_digest
from bursar_executor.domain import Origin
from bursar_executor.tasks import saving
from bursar_executor.tasks.answer_key import DoneBy, canonical_form
from bursar_executor.tasks.answers import Answers
from bursar_executor.tasks.assembling import Progress, assembled, failed
from bursar_executor.tasks.budget import TaskBudget
from bursar_executor.tasks.cascade import Cascade
from bursar_executor.tasks.collaborators import Collaborators
from bursar_executor.tasks.draft import Draft, drafted, would_have_held
from bursar_executor.tasks.earlier import Earlier
from bursar_executor.tasks.ending import KeptResult
from bursar_executor.tasks.failures import ended_by
from bursar_executor.tasks.halt import Cause, Halt, Halted
from bursar_executor.tasks.ledger import sum_of_spent
from bursar_executor.tasks.payment import Bill, Payment
from bursar_executor.tasks.reading import Reading
from bursar_executor.tasks.recorder import Recorder, StepFacts
from bursar_executor.tasks.recovery import Recovered, Recovery
from bursar_executor.tasks.request import TaskRequest
from bursar_executor.tasks.working import Assigned, Working

PLAN = executor_pb2.STEP_NAME_PLAN
LOOKUP = executor_pb2.STEP_NAME_LOOKUP
RESERVE, EXECUTE = executor_pb2.STEP_NAME_RESERVE, executor_pb2.STEP_NAME_EXECUTE
REPORT = executor_pb2.STEP_NAME_REPORT
COMPLETED, FAILED = executor_pb2.STEP_STATE_COMPLETED, executor_pb2.STEP_STATE_FAILED
UNAVAILABLE, DENIED = executor_pb2.STEP_STATE_UNAVAILABLE, executor_pb2.STEP_STATE_DENIED


class TaskRun:
    """Takes one task to its result, for its present owner."""

    def __init__(
        self,
        origin: Origin,
        request: TaskRequest,
        recorder: Recorder,
        team: Collaborators,
        halt: Halt,
    ) -> None:
        self.kept: KeptResult | None = None
        self._origin = origin
        self._request = request
        self._recorder = recorder
        self._team = team
        self._halt = halt
        self._attribution = ledger_pb2.Attribution()
        self._attribution.CopyFrom(request.attribution)
        self._attribution.task_id = origin.task_id
        self._payment = Payment(team.quota, recorder, self._attribution)
        self._reading = Reading(request, recorder, team, self._attribution)
        self._progress = Progress(dict(request.files))
        self._recovered = Recovered()

    async def result(self, earlier: Earlier) -> executor_pb2.TaskResult:
        """The end of the task. A BursarError on the way becomes its state. Raises Halted when its
        process ends and a later one can take it up where it stands; beyond that only defects.
        """
        try:
            result = await self._worked(earlier)
        except BursarError as error:
            result = self.failed(error)
        except Halted as halted:
            if halted.cause is Cause.INTERRUPTED:
                raise
            result = self.failed(ended_by(halted.cause))
        facts = StepFacts(usage=result.usage, cost=result.cost)
        self._recorder.done(REPORT, result.summary, facts)
        return result

    def failed(self, error: BursarError) -> executor_pb2.TaskResult:
        """The result of a task that `error` ended, with what it took until then."""
        return self._named(failed(error, self._progress.spent))

    def _named(self, result: executor_pb2.TaskResult) -> executor_pb2.TaskResult:
        result.task_id = self._origin.task_id
        result.trace_id = self._origin.trace_id.hex()
        result.origin_directory = self._request.submitted.origin_directory
        return result

    async def _worked(self, earlier: Earlier) -> executor_pb2.TaskResult:
        if earlier.steps:
            await self._recover(earlier)
        self._halt.check()
        draft = await self._drafted()
        answers = await self._answers(draft)
        known = await answers.known()
        if known is not None:
            known.usage.CopyFrom(self._progress.spent.usage)
            known.cost.CopyFrom(self._progress.spent.cost)
            return self._named(known)
        self._halt.check()
        reservation_id = await self._executed(draft)
        bill = self._billed(reservation_id)  # first: what was spent is in the result
        files = self._request.files
        result = self._named(await assembled(files, self._progress, draft.assignments))
        keeping = asyncio.gather(
            self._team.ending.kept_early(self._origin, self._recorder, result),
            answers.keep(result),
        )
        await self._paid(reservation_id, bill)
        self.kept, _ = await keeping
        return result

    async def _recover(self, earlier: Earlier) -> None:
        policy = self._request.submitted.unknown_outcome_policy
        recovery = Recovery(
            self._team.quota,
            self._team.blobs,
            self._recorder,
            self._attribution,
            is_unknown_retried=policy == executor_pb2.UNKNOWN_OUTCOME_POLICY_RETRY,
        )
        try:
            await recovery.close(earlier, self._recovered)
        finally:
            self._progress.spent = self._recovered.spent

    async def _drafted(self) -> Draft:
        self._recorder.began(PLAN, "how little this needs")
        try:
            draft = await drafted(self._request, self._attribution, self._team)
        except BursarError as error:
            self._recorder.ended(PLAN, FAILED, error.message)
            raise
        self._recorder.done(PLAN, draft.summary, StepFacts(plan=draft.plan))
        return draft

    async def _answers(self, draft: Draft) -> Answers:
        """The cache under the key of this task; nothing is kept of what nobody could repeat."""
        working, stronger = draft.assignments.working, draft.assignments.stronger
        asked = working if stronger is None else (*working, stronger)
        backends = [self._team.backends.by_id(found.backend_id) for found in asked]
        why_fresh = self._why_fresh(draft, backends)
        form = b""
        if not why_fresh:
            origin = self._directory()
            versions = [await backend.version(origin) for backend in backends]
            settings = ""
            if origin is not None and len(draft.assignments.readers) < len(working):
                settings = await asyncio.to_thread(settings_digest, self._request.files, origin)
            form = canonical_form(self._request, draft.needed, DoneBy(tuple(versions), settings))
        return Answers(
            self._team.cache,
            self._recorder,
            self._attribution,
            cache_pb2.Key(canonical_form=form),
            draft.plan.cache_strategy,
            why_fresh,
        )

    def _why_fresh(self, draft: Draft, backends: Sequence[Backend]) -> str:
        """Why the cache is left out; empty where it is not."""
        if self._request.submitted.is_cache_bypassed:
            return "a fresh result is wanted"
        if draft.plan.cache_strategy == planner_pb2.CACHE_STRATEGY_NONE:
            return "the plan wants a fresh result"
        if not backends:
            return "nobody here can do it"
        if not all(backend.is_repeatable for backend in backends):
            return "the result depends on more than these files"
        return ""

    def _directory(self) -> Path | None:
        """Where the files came from, as far as this executor may look there."""
        named = self._request.submitted.origin_directory
        if not named or not self._team.is_local:
            return None
        origin = Path(named)
        return origin if origin.is_absolute() and origin.is_dir() else None

    def _job(self, draft: Draft) -> Job:
        """What is wanted, without what a model is to read."""
        return Job(
            description=self._request.description,
            files=self._progress.files,
            context="",
            max_output_tokens=shares_of(draft.plan.budget.max_tokens).output_tokens,
            max_duration_s=draft.plan.budget.max_duration_ns / 1e9,
            origin=self._directory(),
        )

    async def _context(self, draft: Draft) -> str:
        context = await self._reading.compressed(draft, shares_of(draft.plan.budget.max_tokens))
        if context is None:
            return ""
        if context.tokens_after < context.tokens_before:
            saved = saving.by_compression(context.tokens_before, context.tokens_after)
            self._progress.savings.append(saved)
        return context.text

    async def _executed(self, draft: Draft) -> str:
        """Everybody's work, one after the other; the reservation to be settled, empty where there
        is none. Whatever goes wrong after it was taken, it is settled before that is raised.
        """
        job, assigned = await self._assigned(draft)
        budget = TaskBudget(draft.plan.budget)
        recovered = self._recovered
        budget.took(recovered.spent, is_paid=True, calls=recovered.calls)
        cascade = Cascade(self._working(budget), self._reading, draft, job)
        if not assigned:
            why = "paid for before" if draft.assignments.working else would_have_held(draft.plan)
            self._recorder.skipped(RESERVE, why)
            await cascade.escalated()
            await self._tell_uncovered(draft)
            return ""
        starts_s = sum(found.backend.start_allowance_s for found in assigned)
        reservation_id = await self._payment.reserve(
            draft.assignments.paying,
            [found.work.hold for found in assigned],
            budget.left_s + starts_s,
        )
        try:
            await self._working(budget).in_turn(assigned, reservation_id)
            self._stop_if_halted()
            await cascade.escalated()
            await self._tell_uncovered(draft)
        except BaseException:
            await self._settled(reservation_id)
            raise
        self._note_saved_by_tools(draft)
        return reservation_id

    def _working(self, budget: TaskBudget) -> Working:
        return Working(
            self._recorder, self._payment, self._team, self._halt, self._progress, budget
        )

    async def _assigned(self, draft: Draft) -> tuple[Job, list[Assigned]]:
        """All jobs, made ready, but those whose outcome an earlier owner has paid for."""
        known = self._recovered.outcomes
        self._progress.answers.update(known)
        working = draft.assignments.working
        waiting = [found for found in working if found.backend_id not in known]
        self._progress.outcomes += [
            known[found.backend_id] for found in working if found.backend_id in known
        ]
        job = self._job(draft)
        if not waiting:
            return job, []
        job = replace(job, context=await self._context(draft))
        backends = [self._team.backends.by_id(found.backend_id) for found in waiting]
        return job, [
            Assigned(assignment, backend, await backend.prepared(job))
            for assignment, backend in zip(waiting, backends, strict=True)
        ]

    def _stop_if_halted(self) -> None:
        """A model that was interrupted is not asked again by itself: its task ends with what came.
        Tools are let loose again by whoever takes the task up.
        """
        is_paid = any(hold.amounts.output_tokens for hold, _ in self._progress.done)
        if self._halt.cause is Cause.CANCELLED or not is_paid:
            self._halt.check()

    async def _settled(self, reservation_id: str) -> None:
        await self._paid(reservation_id, self._billed(reservation_id))

    def _billed(self, reservation_id: str) -> Bill:
        bill = Bill.of(self._progress.done, self._progress.savings)
        if reservation_id:
            self._progress.spent = sum_of_spent((self._progress.spent, bill.spent))
        return bill

    async def _paid(self, reservation_id: str, bill: Bill) -> None:
        if reservation_id:
            await self._payment.settle(reservation_id, bill)

    def _note_saved_by_tools(self, draft: Draft) -> None:
        """Each file once, however many tools looked at it; nothing where one could not."""
        tools = [found for found in draft.assignments.working if not found.is_model]
        outcomes = [outcome for _, outcome in self._progress.done if outcome.read_paths]
        if not tools or any(outcome.error is not None for outcome in outcomes):
            return
        read_paths = frozenset().union(*(outcome.read_paths for outcome in outcomes))
        read_tokens = sum(draft.file_tokens[path] for path in read_paths)
        backend_ids = [found.backend_id for found in tools]
        self._progress.savings.append(saving.by_free_tools(backend_ids, read_tokens))

    async def _tell_uncovered(self, draft: Draft) -> None:
        """What nobody here does, with the remedy. Raises LimitExceeded where somebody could and a
        limit forbids it.
        """
        assignments = draft.assignments
        if not assignments.uncovered:
            return
        missing, remedies = ", ".join(assignments.uncovered), "; or ".join(assignments.remedies)
        if await self._is_withheld(draft):
            why = f"{missing}: {remedies}"
            self._recorder.ended(RESERVE, DENIED, why)
            if not assignments.working:
                raise LimitExceeded(why)
            return
        self._recorder.ended(EXECUTE, UNAVAILABLE, f"nobody here can do {missing}: {remedies}")

    async def _is_withheld(self, draft: Draft) -> bool:
        """Whether a limit, and no rule of the plan, keeps from work who could do the rest."""
        barred = draft.assignments.barred
        if not barred or draft.plan.is_near_limit:
            return bool(barred)
        shares = shares_of(draft.plan.budget.max_tokens)
        amounts = ledger_pb2.Amounts(
            requests=1,
            input_tokens=min(sum(draft.file_tokens.values()), shares.input_tokens),
            output_tokens=shares.output_tokens,
            cost_nano_usd=barred[0].expected_cost_nano_usd,
        )
        answer = await self._team.quota.check(
            quota_pb2.CheckRequest(
                attribution=self._attribution, target=barred[0].backend.target, amounts=amounts
            )
        )
        return not answer.is_allowed
