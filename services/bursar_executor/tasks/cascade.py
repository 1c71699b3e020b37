"""A stronger model in the place of a cheaper one, where checks refuse what that one wrote.

The stronger one has a hold of its own, made only when it is needed, out of what the task's budget
has left. It reads what was refused, compressed, and why.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from bursar.compressor.v1 import compressor_pb2
from bursar.errors import BursarError
from bursar.executor.v1 import executor_pb2
from bursar.planner.v1 import planner_pb2
from bursar.tokens.shares import Shares, shares_of
from bursar_executor.backends.backend import Job, Outcome
from bursar_executor.tasks.assembling import Progress
from bursar_executor.tasks.assignment import Assignment
from bursar_executor.tasks.draft import Draft
from bursar_executor.tasks.ledger import sum_of_spent
from bursar_executor.tasks.payment import Bill
from bursar_executor.tasks.reading import Reading
from bursar_executor.tasks.validator import Validator, Verdict
from bursar_executor.tasks.working import Assigned, Working

EXECUTE, FAILED = executor_pb2.STEP_NAME_EXECUTE, executor_pb2.STEP_STATE_FAILED
EVIDENCE_TOKENS_MAX = 1_024
# Of what is left, for counts that a provider does not tell exactly.
MARGIN_PCT = 10


@dataclass(frozen=True, slots=True)
class Cascade:
    """The second half of a plan that says cascade. `working` is as the first half left it."""

    working: Working
    reading: Reading
    draft: Draft
    job: Job

    async def escalated(self) -> None:
        """The stronger model's answer in the place of the cheaper one's, where that is refused.

        Where the stronger one cannot be asked, the refused answer stays, with why as its error.
        """
        progress, stronger = self.working.progress, self.draft.assignments.stronger
        if stronger is None or self.working.halt.cause is not None:
            return
        cheap = self.draft.assignments.readers[0]
        refused = progress.answers.get(cheap.backend_id)
        known = progress.answers.get(stronger.backend_id)
        if refused is None or known is not None:  # an earlier owner has paid for it
            _replace(progress, refused, known)
            return
        verdict = await Validator(self.working.team.backends).verdict(refused)
        if verdict is None or verdict.is_accepted:
            return
        await self._tell(cheap, verdict)
        try:
            answer = await self._asked(stronger, refused, verdict)
        except BursarError as error:
            why = f"{stronger.backend_id} was not asked: {error.message}"
            answer = replace(refused, error=refused.error or error, summary=why)
        _replace(progress, refused, answer)

    async def _tell(self, cheap: Assignment, verdict: Verdict) -> None:
        """Watchers, and the planner: what does not parse is worth nothing, whoever says so."""
        reason = verdict.evidence.partition("\n")[0]
        refusal = f"the answer of {cheap.backend_id} is refused: {reason}"
        self.working.recorder.ended(EXECUTE, FAILED, refusal)
        feedback = planner_pb2.FeedbackRequest(
            tenant_id=self.working.payment.attribution.tenant_id,
            plan_id=self.draft.plan.plan_id,
            backend_id=cheap.backend_id,
            quality=0.0,
            was_accepted=False if verdict.checked_by else None,
        )
        with suppress(BursarError):  # a task does not fail over what could be learned from it
            await self.working.team.planner.feedback(feedback)

    async def _asked(self, stronger: Assignment, refused: Outcome, verdict: Verdict) -> Outcome:
        """Its answer, settled. Raises a BursarError where it may not be asked."""
        working = self.working
        backend = working.team.backends.by_id(stronger.backend_id)
        work = await backend.prepared(await self._job(stronger, refused, verdict))
        working.budget.check(work.hold, is_paid=stronger.is_paid)
        payment = replace(working.payment, part="stronger/")
        lease_s = working.budget.left_s + backend.start_allowance_s
        reservation_id = await payment.reserve(stronger.target, [work.hold], lease_s)
        own = Progress(working.progress.files)
        try:
            at_work = replace(working, payment=payment, progress=own)
            await at_work.in_turn([Assigned(stronger, backend, work)], reservation_id)
        finally:
            bill = Bill.of(own.done, ())
            working.progress.spent = sum_of_spent((working.progress.spent, bill.spent))
            await payment.settle(reservation_id, bill)
        return own.outcomes[-1]

    async def _job(self, stronger: Assignment, refused: Outcome, verdict: Verdict) -> Job:
        told = await self._told(stronger, refused, verdict)
        left_tokens = self.working.budget.left_tokens * (100 - MARGIN_PCT) // 100
        shares = shares_of(left_tokens)
        counted = await self.working.team.file_tokens.of({"": told.encode()})
        room = Shares(shares.input_tokens - counted[""], shares.output_tokens)
        context = await self.reading.compressed(self.draft, room)
        return replace(
            self.job,
            description=f"{self.job.description}\n\n{told}",
            context="" if context is None else context.text,
            max_output_tokens=max(1, shares.output_tokens),
            max_duration_s=self.working.budget.left_s,
        )

    async def _told(self, stronger: Assignment, refused: Outcome, verdict: Verdict) -> str:
        """What went wrong before, in few tokens; without the attempt where it says nothing."""
        why = f"An earlier attempt was refused: {verdict.evidence}"
        if not refused.text.strip():
            return why
        request = compressor_pb2.CompressRequest(
            attribution=self.working.payment.attribution,
            content=refused.text,
            level=compressor_pb2.LEVEL_AGGRESSIVE,
            target_tokens=EVIDENCE_TOKENS_MAX,
            model=stronger.target.model,
            query=verdict.evidence,
        )
        answer = await self.working.team.compressor.compress(request)
        return f"{why}\n\nThat attempt was:\n{answer.content}"


def _replace(progress: Progress, refused: Outcome | None, answer: Outcome | None) -> None:
    if refused is not None and answer is not None:
        kept = [outcome for outcome in progress.outcomes if outcome not in (refused, answer)]
        progress.outcomes[:] = [*kept, answer]
