"""The money of one task: set aside before it works, settled by what it took."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bursar.clients.quota import QuotaClient
from bursar.errors import BursarError, Conflict, LimitExceeded
from bursar.eventlog.envelope import new_event_id
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.money import format_usd
from bursar.quota.v1 import quota_pb2
from bursar_executor.backends.backend import Hold, Outcome
from bursar_executor.tasks.again import until_answered
from bursar_executor.tasks.ledger import (
    Spent,
    spent_by,
    sum_of_holds,
    sum_of_spent,
    whole_hold,
)
from bursar_executor.tasks.recorder import Recorder, StepFacts

LEASE_MARGIN_NS = 60 * 1_000_000_000
RESERVE, SETTLE = executor_pb2.STEP_NAME_RESERVE, executor_pb2.STEP_NAME_SETTLE
DENIED, FAILED = executor_pb2.STEP_STATE_DENIED, executor_pb2.STEP_STATE_FAILED


@dataclass(frozen=True, slots=True)
class Bill:
    """What is settled under one hold, and on whose word."""

    spent: Spent
    outcome: quota_pb2.Outcome.ValueType
    source: quota_pb2.UsageSource.ValueType
    provider_request_id: str = ""
    answered_by_model: str = ""
    savings: Sequence[ledger_pb2.Saving] = field(default=())

    @classmethod
    def of(cls, done: Sequence[tuple[Hold, Outcome]], savings: Sequence[ledger_pb2.Saving]) -> Bill:
        """For all that was done under the hold."""
        outcomes = [outcome for _, outcome in done]
        return cls(
            spent=sum_of_spent(spent_by(*part) for part in done),
            outcome=_settled_as(outcomes),
            source=_source_of(outcomes),
            provider_request_id=_first(found.provider_request_id for found in outcomes),
            answered_by_model=_first(found.answered_by_model for found in outcomes),
            savings=savings,
        )


@dataclass(frozen=True, slots=True)
class Payment:
    """Quota as one task's present owner sees it. Operation ids name the task, the attempt, and the
    part of the work that has a hold of its own, so what is asked again gets the answer of the first
    time.
    """

    quota: QuotaClient
    recorder: Recorder
    attribution: ledger_pb2.Attribution
    part: str = ""

    async def reserve(
        self, target: ledger_pb2.Target, holds: Sequence[Hold], duration_s: float
    ) -> str:
        """Sets aside the most that all works together can take; the reservation's id.

        Nothing is dispatched yet. Raises LimitExceeded.
        """
        self.recorder.began(RESERVE, "may this be spent")
        amounts = sum_of_holds(holds)
        request = quota_pb2.ReserveRequest(
            operation_id=self._operation("reserve"),
            attribution=self.attribution,
            target=target,
            amounts=amounts,
            lease_ns=int(duration_s * 1e9) + LEASE_MARGIN_NS,
        )
        try:
            reservation = await self._reserved(request)
        except LimitExceeded as error:
            self.recorder.ended(RESERVE, DENIED, error.message)
            raise
        except BursarError as error:
            self.recorder.ended(RESERVE, FAILED, error.message)
            raise
        whole = sum_of_spent(whole_hold(hold) for hold in holds)
        tokens = amounts.input_tokens + amounts.output_tokens
        self.recorder.done(
            RESERVE,
            f"{tokens:,} tokens, {format_usd(amounts.cost_nano_usd)} set aside",
            StepFacts(
                reservation_id=reservation.reservation_id, usage=whole.usage, cost=whole.cost
            ),
        )
        return reservation.reservation_id

    async def _reserved(self, request: quota_pb2.ReserveRequest) -> quota_pb2.ReserveResponse:
        """The hold. An owner who left no step in the log may have held another amount under our
        id: that one's lease lets it go, and ours gets an id of its own.
        """
        try:
            return await until_answered(self.quota.reserve, request)
        except Conflict:
            request.operation_id = f"{request.operation_id}/{new_event_id(time.time_ns())}"
            return await until_answered(self.quota.reserve, request)

    async def dispatch(self, reservation_id: str) -> None:
        """From here on the money may be gone: durable before anything is sent."""
        request = quota_pb2.DispatchRequest(
            operation_id=self._operation("dispatch"), reservation_id=reservation_id
        )
        await until_answered(self.quota.dispatch, request)

    async def settle(self, reservation_id: str, bill: Bill) -> bool:
        """Replaces the hold by what was used. False when quota is away for too long: then the
        hold's lease runs out, and it is let go, or charged if it was dispatched.
        """
        self.recorder.began(SETTLE, "what it took")
        spent = bill.spent
        facts = StepFacts(reservation_id=reservation_id, usage=spent.usage, cost=spent.cost)
        request = quota_pb2.SettleRequest(
            operation_id=self._operation("settle"),
            reservation_id=reservation_id,
            usage=spent.usage,
            cost=spent.cost,
            outcome=bill.outcome,
            source=bill.source,
            provider_request_id=bill.provider_request_id,
            answered_by_model=bill.answered_by_model,
            savings=bill.savings,
            is_awaited=True,
        )
        try:
            await until_answered(self.quota.settle, request)
        except BursarError as error:
            self.recorder.ended(SETTLE, FAILED, f"left to its lease: {error.message}")
            return False
        cost = format_usd(spent.cost.total_nano_usd) if spent.cost.is_known else "price unknown"
        usage = spent.usage
        summary = f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out, {cost}"
        self.recorder.done(SETTLE, summary, facts)
        return True

    def _operation(self, order: str) -> str:
        return f"{self.attribution.task_id}/{self.recorder.attempt}/{self.part}{order}"


def _settled_as(outcomes: Sequence[Outcome]) -> quota_pb2.Outcome.ValueType:
    if any(found.is_usage_unknown for found in outcomes):
        return quota_pb2.OUTCOME_UNKNOWN
    if any(found.is_cut for found in outcomes):
        return quota_pb2.OUTCOME_CUT
    if not outcomes or any(found.error is not None for found in outcomes):
        return quota_pb2.OUTCOME_FAILED
    return quota_pb2.OUTCOME_COMPLETED


def _source_of(outcomes: Sequence[Outcome]) -> quota_pb2.UsageSource.ValueType:
    if any(found.is_usage_unknown for found in outcomes):
        return quota_pb2.USAGE_SOURCE_HOLD
    if any(found.is_told_by_tool for found in outcomes):
        return quota_pb2.USAGE_SOURCE_TOOL
    is_told = any(found.usage.input_tokens or found.usage.output_tokens for found in outcomes)
    if not is_told or any(found.usage.is_estimate for found in outcomes):
        return quota_pb2.USAGE_SOURCE_COUNTED
    return quota_pb2.USAGE_SOURCE_PROVIDER


def _first(texts: Iterable[str]) -> str:
    return next((text for text in texts if text), "")
