"""`Generate`: one model call with cache, reservation and settlement inside."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from bursar.cache.v1 import cache_pb2
from bursar.errors import InvalidRequest, LimitExceeded
from bursar.eventlog.envelope import new_event_id
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.quota.v1 import quota_pb2
from bursar.telemetry import context as trace_context
from bursar_executor.backends.backend import Outcome
from bursar_executor.backends.model import ModelBackend
from bursar_executor.models.call import CallEnd
from bursar_executor.models.holds import Prepared
from bursar_executor.tasks import saving
from bursar_executor.tasks.collaborators import Collaborators
from bursar_executor.tasks.ledger import cost_of
from bursar_executor.tasks.request import DEFAULT_TENANT_ID

DEFAULT_OUTPUT_TOKENS = 1_024
OUTPUT_TOKENS_MAX = 200_000
MESSAGES_MAX = 2_000
CONTENT_KIND = "bursar.generate"
LEASE_NS = 600 * 1_000_000_000
NONE = planner_pb2.CACHE_STRATEGY_NONE
Part = executor_pb2.GenerateResponse


@dataclass(frozen=True, slots=True)
class _Call:
    """One call as it will be made."""

    request: executor_pb2.GenerateRequest
    operation_id: str
    attribution: ledger_pb2.Attribution
    backend: ModelBackend
    prepared: Prepared
    key: cache_pb2.Key
    strategy: planner_pb2.CacheStrategy.ValueType


class Generation:
    """Makes single calls."""

    def __init__(self, team: Collaborators) -> None:
        self._team = team

    async def parts(self, request: executor_pb2.GenerateRequest) -> AsyncGenerator[Part, None]:
        """Text as it is made, tool calls, then the end. Closing it early settles what was
        streamed.
        """
        trace = trace_context.current() or trace_context.begin(sample_ratio=0.0)
        with trace_context.within(trace):
            call = await self._prepared(request)
            known = await self._known(call)
            if known is not None:
                for part in known:
                    yield part
                return
            async with contextlib.aclosing(self._made(call)) as made:
                async for part in made:
                    yield part

    async def _prepared(self, request: executor_pb2.GenerateRequest) -> _Call:
        call_id = f"call_{new_event_id(self._team.clock()).replace('-', '')}"
        attribution = ledger_pb2.Attribution()
        attribution.CopyFrom(request.attribution)
        attribution.tenant_id = attribution.tenant_id or DEFAULT_TENANT_ID
        attribution.call_id = attribution.call_id or call_id
        backend = await self._team.backends.model_named(request.model)
        whole = _checked(request, backend.model)
        prepared = backend.prepare(whole)
        cost_nano_usd = prepared.hold.amounts.cost_nano_usd
        if 0 < whole.max_cost_nano_usd < cost_nano_usd:
            raise LimitExceeded(
                f"this call can cost {cost_nano_usd} nano-USD and may cost"
                f" {whole.max_cost_nano_usd}; ask for fewer output tokens",
                facts={"requested": cost_nano_usd, "amount": whole.max_cost_nano_usd},
            )
        form = hashlib.sha256(backend.version.encode() + b"\n" + prepared.body).digest()
        return _Call(
            request=whole,
            operation_id=request.operation_id or attribution.call_id,
            attribution=attribution,
            backend=backend,
            prepared=prepared,
            key=cache_pb2.Key(canonical_form=form),
            strategy=_strategy(whole),
        )

    async def _known(self, call: _Call) -> list[Part] | None:
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
        parts = [Part(text=dialect.text_of(content))]
        parts += [Part(tool_call=tool_call) for tool_call in dialect.tool_calls_of(content)]
        return [*parts, self._last(call, finished)]

    async def _made(self, call: _Call) -> AsyncGenerator[Part, None]:
        reservation = await self._team.quota.reserve(
            quota_pb2.ReserveRequest(
                operation_id=f"{call.operation_id}/reserve",
                attribution=call.attribution,
                target=call.backend.target,
                amounts=call.prepared.hold.amounts,
                lease_ns=LEASE_NS,
                is_dispatched=True,
            )
        )
        end = CallEnd()
        try:
            async with call.backend.calling(call.prepared.body) as running:
                end = running.end
                async with contextlib.aclosing(running.texts()) as texts:
                    async for text in texts:
                        yield Part(text=text)
        finally:
            settled = asyncio.ensure_future(self._settled(call, reservation, end))
            finished = await asyncio.shield(settled)
        if end.error is not None:
            raise end.error
        for tool_call in end.tool_calls:
            yield Part(tool_call=tool_call)
        await self._kept(call, end, finished.cost)
        yield self._last(call, finished)

    async def _settled(
        self, call: _Call, reservation: quota_pb2.ReserveResponse, end: CallEnd
    ) -> executor_pb2.Finished:
        """The end of the call in the ledger, and as its caller is told."""
        if end.usage.is_estimate and not end.usage.input_tokens:
            end.usage.input_tokens = call.prepared.input_tokens
        outcome = Outcome(summary="", usage=end.usage, is_usage_unknown=end.is_usage_unknown)
        cost = cost_of(call.prepared.hold, outcome)
        answer = await self._team.quota.settle(
            quota_pb2.SettleRequest(
                operation_id=f"{call.operation_id}/settle",
                reservation_id=reservation.reservation_id,
                usage=end.usage,
                cost=cost,
                outcome=_outcome(end),
                source=_source(end),
                provider_request_id=end.provider_request_id,
                answered_by_model=end.model,
            )
        )
        return executor_pb2.Finished(
            stop_reason=end.stop_reason,
            target=call.backend.target,
            usage=end.usage,
            cost=cost,
            position=answer.position,
        )

    async def _kept(self, call: _Call, end: CallEnd, cost: ledger_pb2.Cost) -> None:
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

    def _last(self, call: _Call, finished: executor_pb2.Finished) -> Part:
        trace = trace_context.current()
        finished.call_id = call.attribution.call_id
        finished.trace_id = trace.trace_hex if trace is not None else ""
        return Part(finished=finished)


def _checked(request: executor_pb2.GenerateRequest, model: str) -> executor_pb2.GenerateRequest:
    """The request with its defaults filled in. Raises InvalidRequest naming the field."""
    if not request.messages:
        raise InvalidRequest.of("messages", "none", "send at least one")
    if len(request.messages) > MESSAGES_MAX:
        raise InvalidRequest.of("messages", len(request.messages), f"send at most {MESSAGES_MAX}")
    if not 0 <= request.max_output_tokens <= OUTPUT_TOKENS_MAX:
        remedy = f"give 1 to {OUTPUT_TOKENS_MAX}, or 0 for {DEFAULT_OUTPUT_TOKENS}"
        raise InvalidRequest.of("max_output_tokens", request.max_output_tokens, remedy)
    whole = executor_pb2.GenerateRequest()
    whole.CopyFrom(request)
    whole.model = model
    whole.max_output_tokens = request.max_output_tokens or DEFAULT_OUTPUT_TOKENS
    if not request.HasField("temperature"):
        whole.temperature = 0.0
    return whole


def _strategy(request: executor_pb2.GenerateRequest) -> planner_pb2.CacheStrategy.ValueType:
    """Sampled answers are not kept; others by the standard unless the caller says how."""
    if request.temperature > 0:
        return NONE
    return request.cache_strategy or planner_pb2.CACHE_STRATEGY_STANDARD


def _outcome(end: CallEnd) -> quota_pb2.Outcome.ValueType:
    if end.is_usage_unknown:
        return quota_pb2.OUTCOME_UNKNOWN
    if end.error is not None:
        return quota_pb2.OUTCOME_FAILED
    if end.stop_reason == executor_pb2.STOP_REASON_CUT:
        return quota_pb2.OUTCOME_CUT
    return quota_pb2.OUTCOME_COMPLETED


def _source(end: CallEnd) -> quota_pb2.UsageSource.ValueType:
    if end.is_usage_unknown:
        return quota_pb2.USAGE_SOURCE_HOLD
    if end.usage.is_estimate:
        return quota_pb2.USAGE_SOURCE_COUNTED
    return quota_pb2.USAGE_SOURCE_PROVIDER
