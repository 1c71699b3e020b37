"""Putting in order what an earlier owner of a task left open, before anything new is begun.

What was never sent is let go. What came to its end is settled by what it took, and its outcome is
used again. What may have been sent is charged at its full hold; whether it is sent again, which
might pay twice, is for the task's own policy to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bursar.blobs import BlobReference, BlobStore
from bursar.clients.quota import QuotaClient
from bursar.errors import FailedPrecondition, NotFound, OutcomeUnknown, UnknownReservation
from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.money import format_usd
from bursar.quota.v1 import quota_pb2
from bursar_executor.backends.backend import Outcome
from bursar_executor.tasks import kept_outcome
from bursar_executor.tasks.again import until_answered
from bursar_executor.tasks.earlier import Earlier, OpenHold
from bursar_executor.tasks.failures import AttemptsExhausted, InputLost
from bursar_executor.tasks.ledger import Spent, sum_of_spent
from bursar_executor.tasks.recorder import Recorder, StepFacts

ATTEMPTS_MAX = 3
SETTLE = executor_pb2.STEP_NAME_SETTLE


@dataclass(slots=True)
class Recovered:
    """What a later owner starts with: what is spent already, by how many models' calls, and
    outcomes by backend id.
    """

    spent: Spent = field(default_factory=Spent)
    calls: int = 0
    outcomes: dict[str, Outcome] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recovery:
    """Quota, blobs and the steps of one task that was begun before."""

    quota: QuotaClient
    blobs: BlobStore
    recorder: Recorder
    attribution: ledger_pb2.Attribution
    is_unknown_retried: bool = False

    async def close(self, earlier: Earlier, recovered: Recovered) -> None:
        """Closes every hold that is open; `recovered` holds all that is found, also on an error.

        Raises OutcomeUnknown where the policy is not to ask again, AttemptsExhausted, and InputLost
        when an answer that was paid for is gone.
        """
        recovered.spent = sum_of_spent(Spent(step.usage, step.cost) for step in earlier.settled)
        recovered.calls = earlier.calls
        in_doubt = 0
        for hold in earlier.open_holds():
            spent, is_known = await self._close(hold)
            recovered.spent = sum_of_spent((recovered.spent, spent))
            in_doubt += not is_known
        recovered.calls += in_doubt
        if in_doubt and not self.is_unknown_retried:
            raise OutcomeUnknown(
                "a model was asked before a restart, and nobody knows what became of it: it is"
                " charged at its full hold; submit the task again to pay again"
            )
        if earlier.attempts >= ATTEMPTS_MAX:
            raise AttemptsExhausted(f"{ATTEMPTS_MAX} processes have ended while they worked on it")
        for step in earlier.paid_for:
            recovered.outcomes[step.backend_id] = await self._outcome(step)

    async def _close(self, hold: OpenHold) -> tuple[Spent, bool]:
        """What the hold came to, and whether that is known."""
        reserved = hold.reserved
        if not hold.ended and await self._is_let_go(reserved):
            self._tell(reserved, Spent(), "let go: nothing was sent")
            return Spent(), True
        if hold.is_in_doubt:
            spent = Spent(reserved.usage, reserved.cost)
            is_charged = await self._is_settled(reserved, spent, quota_pb2.OUTCOME_UNKNOWN)
            # Else it was settled by a step that did not get here, or let go by its lease.
            return spent if is_charged else Spent(), False
        spent = sum_of_spent(Spent(step.usage, step.cost) for step in hold.ended)
        is_used = hold.is_begun or bool(hold.ended)
        outcome = quota_pb2.OUTCOME_COMPLETED if is_used else quota_pb2.OUTCOME_FAILED
        await self._is_settled(reserved, spent, outcome)
        return spent, True

    async def _is_let_go(self, reserved: tasks_pb2.StepRecord) -> bool:
        """Quota's log is the proof: only what was never dispatched can be released."""
        request = quota_pb2.ReleaseRequest(
            operation_id=self._operation(reserved, "release"),
            reservation_id=reserved.reservation_id,
            reason="its owner ended before anything was sent",
        )
        try:
            await until_answered(self.quota.release, request)
        except FailedPrecondition:
            return False
        except UnknownReservation:  # so long ago that quota has forgotten it
            return True
        return True

    async def _is_settled(
        self,
        reserved: tasks_pb2.StepRecord,
        spent: Spent,
        outcome: quota_pb2.Outcome.ValueType,
    ) -> bool:
        """False when it was settled before, or let go."""
        is_unknown = outcome == quota_pb2.OUTCOME_UNKNOWN
        source = quota_pb2.USAGE_SOURCE_HOLD if is_unknown else quota_pb2.USAGE_SOURCE_COUNTED
        request = quota_pb2.SettleRequest(
            operation_id=self._operation(reserved, "recover"),
            reservation_id=reserved.reservation_id,
            usage=spent.usage,
            cost=spent.cost,
            outcome=outcome,
            source=source,
        )
        try:
            await until_answered(self.quota.settle, request)
        except (FailedPrecondition, UnknownReservation):
            self._tell(reserved, Spent() if is_unknown else spent, "accounted for before")
            return False
        words = "charged in full: nobody knows what became of it" if is_unknown else "settled"
        self._tell(reserved, spent, words)
        return True

    def _tell(self, reserved: tasks_pb2.StepRecord, spent: Spent, words: str) -> None:
        cost = format_usd(spent.cost.total_nano_usd)
        facts = StepFacts(
            reservation_id=reserved.reservation_id, usage=spent.usage, cost=spent.cost
        )
        self.recorder.done(SETTLE, f"of attempt {reserved.attempt}: {words}, {cost}", facts)

    async def _outcome(self, step: tasks_pb2.StepRecord) -> Outcome:
        reference = BlobReference.parse(step.detail_reference)
        tenant_id = self.attribution.tenant_id
        try:
            return kept_outcome.decoded(await self.blobs.get(tenant_id, reference))
        except NotFound:
            raise InputLost(
                f"the answer of {step.backend_id} was paid for before a restart and is gone"
            ) from None

    def _operation(self, reserved: tasks_pb2.StepRecord, order: str) -> str:
        return f"{self.attribution.task_id}/{reserved.step_number}/{order}"
