"""The money of one task: set aside before it works, settled by what it took."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bursar.clients.quota import QuotaClient
from bursar.errors import LimitExceeded
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.money import format_usd
from bursar.quota.v1 import quota_pb2
from bursar_executor.backends.backend import Hold, Outcome
from bursar_executor.tasks.assignment import Assignment
from bursar_executor.tasks.ledger import cost_of, sum_of_costs, sum_of_holds, sum_of_usages
from bursar_executor.tasks.recorder import Recorder, StepFacts

LEASE_MARGIN_NS = 60 * 1_000_000_000
RESERVE, SETTLE = executor_pb2.STEP_NAME_RESERVE, executor_pb2.STEP_NAME_SETTLE


@dataclass(frozen=True, slots=True)
class Payment:
    """Quota as one task sees it. Its operation ids are those of the task, so a second run of the
    same task after a crash meets the answers of the first.
    """

    quota: QuotaClient
    recorder: Recorder
    attribution: ledger_pb2.Attribution

    async def reserve(
        self, working: Sequence[Assignment], holds: Sequence[Hold], duration_ns: int
    ) -> quota_pb2.ReserveResponse:
        """Sets aside the most that all backends together can take. Raises LimitExceeded."""
        self.recorder.began(RESERVE, "may this be spent")
        amounts = sum_of_holds(holds)
        try:
            reservation = await self.quota.reserve(
                quota_pb2.ReserveRequest(
                    operation_id=f"{self.attribution.task_id}/reserve",
                    attribution=self.attribution,
                    target=_paying(working).target,
                    amounts=amounts,
                    lease_ns=duration_ns + LEASE_MARGIN_NS,
                    is_dispatched=any(found.is_model for found in working),
                )
            )
        except LimitExceeded as error:
            self.recorder.ended(RESERVE, executor_pb2.STEP_STATE_DENIED, error.message)
            raise
        tokens = amounts.input_tokens + amounts.output_tokens
        self.recorder.done(
            RESERVE,
            f"{tokens:,} tokens, {format_usd(amounts.cost_nano_usd)} set aside",
            StepFacts(reservation_id=reservation.reservation_id),
        )
        return reservation

    async def settle(
        self,
        reservation: quota_pb2.ReserveResponse,
        holds: Sequence[Hold],
        outcomes: Sequence[Outcome],
        savings: Iterable[ledger_pb2.Saving],
    ) -> StepFacts:
        """Replaces the hold by what was used, and says what that was."""
        self.recorder.began(SETTLE, "what it took")
        usage = sum_of_usages(found.usage for found in outcomes)
        cost = sum_of_costs(
            cost_of(hold, outcome) for hold, outcome in zip(holds, outcomes, strict=True)
        )
        answer = await self.quota.settle(
            quota_pb2.SettleRequest(
                operation_id=f"{self.attribution.task_id}/settle",
                reservation_id=reservation.reservation_id,
                usage=usage,
                cost=cost,
                outcome=_settled_as(outcomes),
                source=_source_of(outcomes),
                provider_request_id=_first(found.provider_request_id for found in outcomes),
                answered_by_model=_first(found.answered_by_model for found in outcomes),
                savings=savings,
            )
        )
        facts = StepFacts(reservation_id=reservation.reservation_id, usage=usage, cost=cost)
        spent = format_usd(answer.settled.cost_nano_usd) if cost.is_known else "price unknown"
        summary = f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out, {spent}"
        self.recorder.done(SETTLE, summary, facts)
        return facts


def _paying(working: Sequence[Assignment]) -> Assignment:
    """Whose limits count: the model's where one works, else the first tool's."""
    return next((found for found in working if found.is_model), working[0])


def _settled_as(outcomes: Sequence[Outcome]) -> quota_pb2.Outcome.ValueType:
    if any(found.is_usage_unknown for found in outcomes):
        return quota_pb2.OUTCOME_UNKNOWN
    if any(found.is_cut for found in outcomes):
        return quota_pb2.OUTCOME_CUT
    if any(found.error is not None for found in outcomes):
        return quota_pb2.OUTCOME_FAILED
    return quota_pb2.OUTCOME_COMPLETED


def _source_of(outcomes: Sequence[Outcome]) -> quota_pb2.UsageSource.ValueType:
    if any(found.is_usage_unknown for found in outcomes):
        return quota_pb2.USAGE_SOURCE_HOLD
    if any(found.usage.is_estimate for found in outcomes):
        return quota_pb2.USAGE_SOURCE_COUNTED
    return quota_pb2.USAGE_SOURCE_PROVIDER


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")
