"""One model call with cache, reservation and settlement inside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

from bursar.cache.v1 import cache_pb2
from bursar.errors import (
    BursarError,
    FailedPrecondition,
    LimitExceeded,
)
from bursar.eventlog.envelope import new_event_id
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.quota.v1 import quota_pb2
from bursar.telemetry import context as trace_context
from bursar_executor.backends.backend import Outcome
from bursar_executor.backends.model import ModelBackend
from bursar_executor.generation.operations import Operation, Operations, Stage, keep, paid_before
from bursar_executor.generation.request import (
    call_id_of,
    checked,
    compress,
    fingerprint_of,
    strategy_of,
)
from bursar_executor.generation.unpaid import UnpaidTries
from bursar_executor.models.call import CallEnd
from bursar_executor.models.holds import Prepared
from bursar_executor.tasks import saving
from bursar_executor.tasks.again import until_answered
from bursar_executor.tasks.collaborators import Collaborators
from bursar_executor.tasks.payment import LEASE_MARGIN_NS, Bill

CONTENT_KIND = "bursar.generate"
# Of one operation id, over all processes.
TRIES_MAX = 100
NONE = planner_pb2.CACHE_STRATEGY_NONE
Part = executor_pb2.GenerateResponse
Returned = TypeVar("Returned")


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it will be made. `operation` is None where its caller gave no id."""

    attribution: ledger_pb2.Attribution
    backend: ModelBackend
    prepared: Prepared
    key: cache_pb2.Key
    strategy: planner_pb2.CacheStrategy.ValueType
    savings: list[ledger_pb2.Saving]
    operation: Operation | None = None
    said: list[Part] = field(default_factory=list)

    def order(self, name: str) -> str:
        """The id of one of its orders to quota."""
        return f"{self.attribution.call_id}/{self.number}/{name}"

    @property
    def number(self) -> int:
        """Which try it is, of those that reserved."""
        return 1 if self.operation is None else self.operation.number

    @property
    def as_tried(self) -> tuple[str, str, int]:
        """Tenant, call and number of the try."""
        return self.attribution.tenant_id, self.attribution.call_id, self.number


class Generation:
    """Makes single calls, each within `call_timeout_s`."""

    def __init__(self, team: Collaborators, call_timeout_s: float, unpaid: UnpaidTries) -> None:
        self._team = team
        self._unpaid = unpaid
        self._lease_ns = int(call_timeout_s * 1e9) + LEASE_MARGIN_NS
        self._operations = Operations()
        self._under_way: set[asyncio.Task[Any]] = set()

    async def parts(self, request: executor_pb2.GenerateRequest) -> AsyncGenerator[Part, None]:
        """Text as it is made, tool calls, then the end. Closing it early settles what was
        streamed.
        """
        trace = trace_context.current() or trace_context.begin(sample_ratio=0.0)
        with trace_context.within(trace):
            call = await self._prepared(request)
            try:
                known = await self._known(call)
                if known is not None:
                    for part in known:
                        yield part
                    return
                async with contextlib.aclosing(self._made(call)) as made:
                    async for part in made:
                        yield part
            finally:
                if call.operation is not None:
                    call.operation.let_go()

    async def settled(self) -> None:
        """Returns once every call that has ended is settled."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _prepared(self, request: executor_pb2.GenerateRequest) -> Call:
        whole = checked(request)
        backend = await self._team.backends.model_named(request.model)
        whole.model = backend.model
        fingerprint = fingerprint_of(whole)
        attribution = whole.attribution
        new_id = new_event_id(self._team.clock()).replace("-", "")
        attribution.call_id = attribution.call_id or call_id_of(whole, new_id)
        savings = await compress(self._team.compressor, whole)
        prepared = await backend.as_sent(whole)
        _check_cost(whole, prepared)
        operation = None
        if request.operation_id:
            operation = self._operations.begun(attribution.call_id, fingerprint)
        form = sha256(backend.backend_id.encode() + b"\n" + prepared.body).digest()
        return Call(
            attribution,
            backend,
            prepared,
            cache_pb2.Key(canonical_form=form),
            strategy_of(whole),
            savings,
            operation,
        )

    async def _known(self, call: Call) -> list[Part] | None:
        """The answer where it is known: as the same operation got it, or from the cache."""
        if call.operation is not None and call.operation.parts:
            return list(call.operation.parts)
        if call.strategy == NONE:
            return None
        found = await self._team.cache.lookup(
            cache_pb2.LookupRequest(
                attribution=call.attribution,
                target=call.backend.target,
                key=call.key,
                strategy=call.strategy,
            )
        )
        if not found.is_hit:
            return None
        dialect = call.backend.dialect
        content = found.entry.content
        finished = executor_pb2.Finished(
            stop_reason=executor_pb2.STOP_REASON_END,
            target=call.backend.target,
            cost=ledger_pb2.Cost(is_known=True),
            savings=[saving.by_cached_answer(found.entry.usage, found.entry.cost)],
            is_from_cache=True,
        )
        return [Part(text=dialect.text_of(content)), _last(call, finished)]

    async def _made(self, call: Call) -> AsyncGenerator[Part, None]:
        reservation_id = await self._reserved_in_any_case(call)
        end = CallEnd()
        try:
            async with call.backend.calling(call.prepared) as running:
                end = running.end
                async with contextlib.aclosing(running.texts()) as texts:
                    async for text in texts:
                        yield self._said(call, Part(text=text))
        finally:
            bill = _bill_of(call, end)
            # On its own: a caller that hangs up does not wait for it.
            settling = self._own(self._settled(call, reservation_id, bill))
        position = await asyncio.shield(settling)
        if end.error is not None:
            raise end.error
        for tool_call in end.tool_calls:
            yield self._said(call, Part(tool_call=tool_call))
        await self._kept(call, end, bill.spent.cost)
        finished = executor_pb2.Finished(
            stop_reason=end.stop_reason,
            target=call.backend.target,
            usage=bill.spent.usage,
            cost=bill.spent.cost,
            savings=call.savings,
            position=position,
        )
        last = self._said(call, _last(call, finished))
        if call.operation is not None:
            keep(call.operation, call.said)
        yield last

    def _said(self, call: Call, part: Part) -> Part:
        if call.operation is not None:
            call.said.append(part)
        return part

    async def _reserved_in_any_case(self, call: Call) -> str:
        """The hold. Of a caller that hangs up meanwhile it is settled: nothing was sent."""
        reserving = self._own(self._reserved(call))
        try:
            return await asyncio.shield(reserving)
        except asyncio.CancelledError:
            self._own(self._given_up(call, reserving))
            raise

    async def _given_up(self, call: Call, reserving: asyncio.Task[str]) -> None:
        with contextlib.suppress(BursarError):
            await self._settled(call, await reserving, _bill_of(call, CallEnd()))

    def _own(self, work: Coroutine[None, None, Returned]) -> asyncio.Task[Returned]:
        """Work that goes on whatever becomes of its caller; `settled` waits for it."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _reserved(self, call: Call) -> str:
        """The hold, dispatched. Where an earlier process tried the same id and took nothing, the
        next number is tried; raises OutcomeUnknown where it may have been paid.
        """
        operation = call.operation
        for _ in range(TRIES_MAX):
            reservation_id = await self._held(call)
            if operation is None or await self._is_dispatched(call, reservation_id):
                return reservation_id
            if not await self._unpaid.is_marked(*call.as_tried):
                break
            operation.number += 1
        if operation is not None:
            operation.stage = Stage.PAID
        raise paid_before(call.attribution.call_id)

    async def _held(self, call: Call) -> str:
        """In one order with its dispatch where the id is new for sure."""
        request = quota_pb2.ReserveRequest(
            operation_id=call.order("reserve"),
            attribution=call.attribution,
            target=call.backend.target,
            amounts=call.prepared.hold.amounts,
            lease_ns=self._lease_ns,
            is_dispatched=call.operation is None,
        )
        try:
            reservation = await until_answered(self._team.quota.reserve, request)
        except BursarError as error:
            if call.operation is not None:
                is_denied = isinstance(error, LimitExceeded)
                call.operation.stage = Stage.DENIED if is_denied else Stage.UNPAID
            raise
        return reservation.reservation_id

    async def _is_dispatched(self, call: Call, reservation_id: str) -> bool:
        """False where an earlier try of this number was sent, or is over."""
        # An id of this try alone: the answer to an earlier one's must not pass for ours.
        own_id = new_event_id(self._team.clock())
        request = quota_pb2.DispatchRequest(
            operation_id=f"{call.attribution.call_id}/{own_id}", reservation_id=reservation_id
        )
        try:
            await until_answered(self._team.quota.dispatch, request)
        except FailedPrecondition:
            return False
        return True

    async def _settled(self, call: Call, reservation_id: str, bill: Bill) -> ledger_pb2.Position:
        """The end of the call in the ledger."""
        if call.operation is not None and not _is_paid(bill):
            await self._unpaid.mark(*call.as_tried)
        answer = await until_answered(
            self._team.quota.settle,
            quota_pb2.SettleRequest(
                operation_id=call.order("settle"),
                reservation_id=reservation_id,
                usage=bill.spent.usage,
                cost=bill.spent.cost,
                outcome=bill.outcome,
                source=bill.source,
                provider_request_id=bill.provider_request_id,
                answered_by_model=bill.answered_by_model,
                savings=bill.savings,
            ),
        )
        return answer.position

    async def _kept(self, call: Call, end: CallEnd, cost: ledger_pb2.Cost) -> None:
        is_complete = end.stop_reason == executor_pb2.STOP_REASON_END
        if call.strategy == NONE or end.answer is None or not is_complete:
            return
        await self._team.cache.store(
            cache_pb2.StoreRequest(
                attribution=call.attribution,
                key=call.key,
                entry=cache_pb2.Entry(
                    content=end.answer,
                    content_kind=CONTENT_KIND,
                    usage=end.usage,
                    cost=cost,
                    target=call.backend.target,
                ),
                strategy=call.strategy,
                is_complete=True,
            )
        )


def _bill_of(call: Call, end: CallEnd) -> Bill:
    """What the call took; from here on its operation is known to be paid for, or not."""
    outcome = Outcome(
        summary="",
        usage=end.usage,
        provider_request_id=end.provider_request_id,
        answered_by_model=end.model,
        is_cut=end.is_cut,
        error=end.error,
        is_usage_unknown=end.is_usage_unknown,
    )
    bill = Bill.of([(call.prepared.hold, outcome)], call.savings)
    if call.operation is not None:
        call.operation.stage = Stage.PAID if _is_paid(bill) else Stage.UNPAID
    return bill


def _is_paid(bill: Bill) -> bool:
    used = bill.spent.usage
    return bool(used.input_tokens or used.output_tokens)


def _check_cost(request: executor_pb2.GenerateRequest, prepared: Prepared) -> None:
    """Raises LimitExceeded where the hold may cost more than the caller allows."""
    bound_nano_usd = request.max_cost_nano_usd
    if not bound_nano_usd:
        return
    if prepared.hold.price is None:
        raise FailedPrecondition(
            f"the price of {request.model} is not known, so max_cost_nano_usd cannot be kept;"
            " leave it out, or set a price"
        )
    cost_nano_usd = prepared.hold.amounts.cost_nano_usd
    if cost_nano_usd > bound_nano_usd:
        raise LimitExceeded(
            f"this call can cost {cost_nano_usd} nano-USD and may cost {bound_nano_usd}; ask for"
            " fewer output tokens",
            facts={"requested": cost_nano_usd, "amount": bound_nano_usd},
        )


def _last(call: Call, finished: executor_pb2.Finished) -> Part:
    trace = trace_context.current()
    finished.call_id = call.attribution.call_id
    finished.trace_id = trace.trace_hex if trace is not None else ""
    return Part(finished=finished)
