"""The money side of calls: holds before they are sent, settlements after they have ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

from bursar.clients.quota import QuotaClient, orders_of
from bursar.errors import BursarError, DeadlineExceeded, LimitExceeded, Overloaded, Unavailable
from bursar.ledger.v1 import ledger_pb2
from bursar.prices.recording import recorded_cost_of, recorded_row, usage_message
from bursar.prices.usage import Usage
from bursar.quota.v1 import quota_pb2
from bursar_edge.call import Call
from bursar_edge.domain import Ending

# A settle that the log does not take is tried again for so long; then its hold's expiry charges it.
RETRIED_S = 900.0
RETRY_WAIT_S = 0.1
RETRY_WAIT_S_MAX = 5.0
RETRY_AFTER_NS = 1_000_000_000

Request = TypeVar("Request", quota_pb2.ReserveRequest, quota_pb2.SettleRequest)
Answer = TypeVar("Answer")

_logger = logging.getLogger(__name__)
_PASSING = (Unavailable, DeadlineExceeded, Overloaded)


class Accounts:
    """Reserves before a call and settles after it. No caller waits for a settle; `settled` does."""

    def __init__(self, quota: QuotaClient, lease_ns: int, unsettled_max: int) -> None:
        self._quota = quota
        self._orders = orders_of(quota)
        self._lease_ns = lease_ns
        self._unsettled_max = unsettled_max
        self._unsettled = 0
        self._all_settled = asyncio.Event()
        self._all_settled.set()
        self._work: set[asyncio.Task[None]] = set()

    async def reserve(self, call: Call) -> None:
        """Returns once the hold is durable, marked as dispatched: the call is sent at once.

        Raises LimitExceeded, Overloaded when too many calls wait to be settled, Unavailable.
        """
        if self._unsettled >= self._unsettled_max:
            raise Overloaded(
                f"{self._unsettled} calls wait to be settled", retry_after_ns=RETRY_AFTER_NS
            )
        request = quota_pb2.ReserveRequest(
            operation_id=call.call_id,
            attribution=call.attribution,
            target=call.target,
            amounts=call.held,
            lease_ns=self._lease_ns,
            is_dispatched=True,
        )
        try:
            call.reservation_id = await self._orders.hold(request)
        except (Unavailable, DeadlineExceeded, asyncio.CancelledError):
            self._begin(self._undo(request))
            raise

    async def check(self, call: Call) -> None:
        """Raises LimitExceeded where the call would not be admitted if it were made."""
        request = quota_pb2.CheckRequest(
            attribution=call.attribution, target=call.target, amounts=call.held
        )
        answer = await self._quota.check(request)
        if not answer.is_allowed:
            raise LimitExceeded(
                answer.reason,
                facts={"limit_id": answer.denied_by.limit.limit_id},
                retry_after_ns=answer.retry_after_ns or None,
            )

    async def settle(self, call: Call, ending: Ending, cost: ledger_pb2.Cost | None = None) -> None:
        """Replaces the hold by what was used; returns when the log has it. For tasks that nobody
        waits for and nobody cancels.

        `cost` where it is known already; else it is made from the usage.
        """
        call.is_settled = True
        duration_ns = time.monotonic_ns() - call.began_ns
        await self._counted(self._settle(call, ending, cost, duration_ns))

    def settle_later(self, call: Call, ending: Ending) -> None:
        """The same in the background."""
        call.is_settled = True
        duration_ns = time.monotonic_ns() - call.began_ns
        self._begin(self._settle(call, ending, None, duration_ns))

    async def settled(self) -> None:
        """Returns when no settle is under way."""
        await self._all_settled.wait()

    async def _settle(
        self, call: Call, ending: Ending, cost: ledger_pb2.Cost | None, duration_ns: int
    ) -> None:
        usage, is_estimate = ending.usage, False
        if ending.counting is not None:
            usage, is_estimate = await asyncio.to_thread(ending.counting)
        if usage is None:
            message = _usage_of_hold(call)
            cost = cost_of_hold(call)
        else:
            message = usage_message(usage, is_estimate=is_estimate)
            cost = cost or cost_of(call, usage)
        request = quota_pb2.SettleRequest(
            operation_id=f"{call.call_id}.settle",
            reservation_id=call.reservation_id,
            usage=message,
            cost=cost,
            outcome=quota_pb2.Outcome.ValueType(ending.outcome),
            source=quota_pb2.UsageSource.ValueType(ending.source),
            provider_request_id=ending.provider_request_id,
            answered_by_model=ending.answered_by_model,
            duration_ns=duration_ns,
            savings=call.savings,
        )
        await self._surely(self._orders.account, request)

    async def _undo(self, request: quota_pb2.ReserveRequest) -> None:
        """Lets go of a hold that may or may not have been made, for a call that was not sent."""
        try:
            reservation_id = await self._surely(self._orders.hold, request)
        except LimitExceeded:
            return
        settle = quota_pb2.SettleRequest(
            operation_id=f"{request.operation_id}.settle",
            reservation_id=reservation_id,
            cost=ledger_pb2.Cost(is_known=True),
            outcome=quota_pb2.OUTCOME_FAILED,
            source=quota_pb2.USAGE_SOURCE_COUNTED,
        )
        await self._surely(self._orders.account, settle)

    async def _surely(
        self, method: Callable[[Request], Awaitable[Answer]], request: Request
    ) -> Answer:
        """Again and again while the log is away: the operation id makes it one."""
        try:
            return await method(request)
        except _PASSING:
            import stamina  # only when something is wrong

            async for attempt in stamina.retry_context(
                on=_PASSING,
                attempts=None,
                timeout=RETRIED_S,
                wait_initial=RETRY_WAIT_S,
                wait_max=RETRY_WAIT_S_MAX,
            ):
                with attempt:
                    return await method(request)
        raise AssertionError("the last attempt returns or raises")

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._counted(work))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _counted(self, work: Coroutine[None, None, None]) -> None:
        """A settle that fails for good is told to the log and to nobody else."""
        self._unsettled += 1
        self._all_settled.clear()
        try:
            await work
        except BursarError as error:
            _logger.error("a call was not settled, its hold will be charged: %s", error.message)
        finally:
            self._unsettled -= 1
            if not self._unsettled:
                self._all_settled.set()


def cost_of(call: Call, usage: Usage) -> ledger_pb2.Cost:
    """What the usage cost, by the price the call was held at. Nothing used cost nothing, whatever
    its price.
    """
    if not usage.input_tokens and not usage.output_tokens:
        return ledger_pb2.Cost(is_known=True)
    return recorded_cost_of(call.price, usage)


def cost_of_hold(call: Call) -> ledger_pb2.Cost:
    """The most it could have cost."""
    if call.price is None or call.held is None:
        return ledger_pb2.Cost(is_known=False)
    return ledger_pb2.Cost(
        total_nano_usd=call.held.cost_nano_usd,
        is_known=True,
        price=recorded_row(call.price, call.held.input_tokens),
    )


def _usage_of_hold(call: Call) -> ledger_pb2.TokenUsage:
    held = call.held or ledger_pb2.Amounts()
    return ledger_pb2.TokenUsage(
        input_tokens=held.input_tokens, output_tokens=held.output_tokens, is_estimate=True
    )
