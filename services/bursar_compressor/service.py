"""Answers the compressor's contract: compresses, restores, counts."""

from __future__ import annotations

import asyncio
from functools import partial

from bursar.blobs import BlobReference
from bursar.compressor.v1 import compressor_pb2 as contract
from bursar.eventlog.envelope import DEFAULT_TENANT_ID, observed_event, origin_of
from bursar.eventlog.observed import ObservedTerms, ObservedWriter
from bursar.eventlog.stream import StreamId
from bursar.telemetry import context as trace_context
from bursar.tokens.families import encoding_for
from bursar.wiring.module import Ground
from bursar_compressor import work
from bursar_compressor.domain import Order, needs_truncation
from bursar_compressor.settings import CompressorSettings
from bursar_compressor.wire import (
    KIND_NUMBERS,
    applied_event,
    change_message,
    check_size,
    order_of,
)
from bursar_compressor.workers import Workers

STREAM = StreamId("compression")
APPLIED = "compression.applied"


class CompressorService:
    """Satisfies CompressorClient and the wiring's Service."""

    def __init__(self, ground: Ground, settings: CompressorSettings) -> None:
        self._ground = ground
        self._workers = Workers(settings)
        self._events = ObservedWriter(ground.log, STREAM, ObservedTerms(clock=ground.clock))
        self._is_ready = asyncio.Event()
        self._is_written = asyncio.Event()

    async def run(self) -> None:
        """Writes events until drained, then until cancelled does nothing."""
        try:
            await self._ground.log.open(STREAM)
            self._is_ready.set()
            await self._events.run()
        finally:
            self._is_written.set()
            self._workers.close()

    async def ready(self) -> None:
        await self._is_ready.wait()

    async def drain(self) -> None:
        """Returns once every event is durable."""
        self._events.close()
        await self._is_written.wait()

    async def compress(self, request: contract.CompressRequest) -> contract.CompressResponse:
        """Never longer than the text it is given. The original of what was lossy is in the blob
        store before its reference is in the text.

        Raises InvalidRequest for a target that cannot be reached, with `least_tokens`; Overloaded.
        """
        order = order_of(request)
        began_ns = self._ground.clock()
        chars, model = len(order.content), request.model
        done = await self._workers.run(chars, partial(work.by_plain_methods, order, model))
        reference = ""
        if needs_truncation(order, done.compressed):
            reference = await self._keep(request.attribution.tenant_id, order)
            done = await self._workers.run(chars, partial(work.to_target, order, model, reference))
        response = _response(done, reference)
        if response.tokens_after < response.tokens_before:
            self._note(request, response, began_ns)
        return response

    async def restore(self, request: contract.RestoreRequest) -> contract.RestoreResponse:
        """Raises NotFound when the tenant has no such reference."""
        reference = BlobReference.parse(request.reference)
        tenant_id = request.tenant_id or DEFAULT_TENANT_ID
        content = await self._ground.blobs.get(tenant_id, reference)
        return contract.RestoreResponse(content=content)

    async def count(self, request: contract.CountRequest) -> contract.CountResponse:
        content, model = request.content, request.model
        check_size(content)
        tokens, is_estimate = await self._workers.run(
            len(content), partial(work.count, content, model)
        )
        return contract.CountResponse(
            tokens=tokens, is_estimate=is_estimate, encoding=encoding_for(model).name
        )

    async def _keep(self, tenant_id: str, order: Order) -> str:
        tenant_id = tenant_id or DEFAULT_TENANT_ID
        return str(await self._ground.blobs.put(tenant_id, order.content.encode()))

    def _note(
        self,
        request: contract.CompressRequest,
        response: contract.CompressResponse,
        began_ns: int,
    ) -> None:
        now_ns = self._ground.clock()
        trace = trace_context.current()
        origin = origin_of(request.attribution)
        if trace is not None:
            origin = origin._replace(trace_id=trace.trace_id, span_id=trace.span_id)
        payload = applied_event(request, response, max(0, now_ns - began_ns))
        self._events.write(observed_event(APPLIED, payload, origin, now_ns))


def _response(done: work.Done, reference: str) -> contract.CompressResponse:
    compressed = done.compressed
    return contract.CompressResponse(
        content=compressed.content,
        tokens_before=compressed.tokens_before,
        tokens_after=compressed.tokens_after,
        is_estimate=done.is_estimate,
        kind=KIND_NUMBERS[compressed.kind],
        changes=[change_message(change, reference) for change in compressed.changes],
    )
