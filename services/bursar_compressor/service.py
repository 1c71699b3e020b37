"""Answers the compressor's contract: compresses, restores, counts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from bursar.blobs import BlobReference
from bursar.compressor.v1 import compressor_pb2 as contract
from bursar.eventlog.envelope import DEFAULT_TENANT_ID, observed_event, origin_of
from bursar.eventlog.observed import ObservedTerms, ObservedWriter
from bursar.eventlog.stream import StreamId
from bursar.ledger.v1 import ledger_pb2
from bursar.telemetry import context as trace_context
from bursar.tokens.families import encoding_for
from bursar.wiring.module import Ground
from bursar_compressor import work
from bursar_compressor.binary_tokens import image_tokens
from bursar_compressor.contexts import Contexts
from bursar_compressor.domain import Order
from bursar_compressor.fitting import Fitting, fitted_event
from bursar_compressor.parts import part_of
from bursar_compressor.registry import Level
from bursar_compressor.sample import sampled
from bursar_compressor.settings import CompressorSettings
from bursar_compressor.wire import (
    applied_event,
    check_size,
    content_of,
    is_too_large,
    left_alone,
    order_of,
    response_of,
)
from bursar_compressor.workers import Workers

STREAM = StreamId("compression")
APPLIED = "compression.applied"
HASHED_AT_ONCE_BYTES_MAX = 1024 * 1024  # in 1 to 2 ms


class CompressorService:
    """Satisfies CompressorClient and the wiring's Service."""

    def __init__(self, ground: Ground, settings: CompressorSettings) -> None:
        self._ground = ground
        self._workers = Workers(settings)
        self._fitting = Fitting(ground, self._workers)
        self._contexts = Contexts(ground, self._workers)
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
        content = content_of(request)
        if isinstance(content, bytes) or is_too_large(content):
            return left_alone(content, await self._estimated_tokens(content, request.model))
        tenant_id = request.attribution.tenant_id or DEFAULT_TENANT_ID
        began_ns = self._ground.clock()
        order, original = await self._ordered(order_of(request, content), tenant_id)
        done = await self._workers.run(len(content), partial(work.compressed, order, request.model))
        if done.compressed.needs_original:
            await self._ground.blobs.put(tenant_id, original)
        response = response_of(done.compressed, done.is_estimate, order.reference)
        if response.tokens_after < response.tokens_before:
            payload = applied_event(request, response, self._since(began_ns))
            self._write(request.attribution, payload)
        return response

    async def restore(self, request: contract.RestoreRequest) -> contract.RestoreResponse:
        """Raises NotFound when the tenant has no such reference."""
        reference = BlobReference.parse(request.reference)
        tenant_id = request.tenant_id or DEFAULT_TENANT_ID
        part = part_of(request.part) if request.part else None
        original = await self._ground.blobs.get(tenant_id, reference)
        return contract.RestoreResponse(content=part.of(original) if part else original)

    async def count(self, request: contract.CountRequest) -> contract.CountResponse:
        content, model = request.content, request.model
        check_size(content)
        tokens, is_estimate = await self._workers.run(
            len(content), partial(work.count, content, model)
        )
        return contract.CountResponse(
            tokens=tokens, is_estimate=is_estimate, encoding=encoding_for(model).name
        )

    async def fit(self, request: contract.FitRequest) -> contract.FitResponse:
        """Raises InvalidRequest for what cannot fit, with `least_tokens`."""
        began_ns = self._ground.clock()
        response = await self._fitting.fit(request)
        if response.tokens_after < response.tokens_before:
            self._write(request.attribution, fitted_event(request, response, self._since(began_ns)))
        return response

    async def add_context(self, request: contract.AddContextRequest) -> contract.AddContextResponse:
        """Raises NotFound for an unknown version, InvalidRequest for a delta that is not its."""
        return await self._contexts.add(request)

    async def build_prompt(
        self, request: contract.BuildPromptRequest
    ) -> contract.BuildPromptResponse:
        """Raises NotFound for an unknown version."""
        return await self._contexts.build(request)

    async def diff(self, request: contract.DiffRequest) -> contract.DiffResponse:
        """Raises NotFound for an unknown version."""
        return await self._contexts.diff(request)

    async def _estimated_tokens(self, content: str | bytes, model: str) -> int:
        of_image = image_tokens(content, model) if isinstance(content, bytes) else None
        if of_image is not None:
            return of_image
        sample = sampled(content)
        tokens, _ = await self._workers.run(len(sample), partial(work.count, sample, model))
        return tokens * len(content) // max(1, len(sample))

    async def _ordered(self, order: Order, tenant_id: str) -> tuple[Order, bytes]:
        """With the reference of its original, and that as it is kept if anything is left out."""
        original = order.content.encode("utf-8", "surrogatepass")
        if order.level in (Level.PLAIN, Level.LOSSLESS):
            return order, original  # nothing will be left out
        address_of = partial(self._ground.keyring.blob_address, tenant_id, original)
        is_long = len(original) > HASHED_AT_ONCE_BYTES_MAX
        address = await asyncio.to_thread(address_of) if is_long else address_of()
        return replace(order, reference=str(BlobReference(address))), original

    def _since(self, began_ns: int) -> int:
        return max(0, self._ground.clock() - began_ns)

    def _write(self, attribution: ledger_pb2.Attribution, payload: bytes) -> None:
        trace = trace_context.current()
        origin = origin_of(attribution)
        if trace is not None:
            origin = origin._replace(trace_id=trace.trace_id, span_id=trace.span_id)
        self._events.write(observed_event(APPLIED, payload, origin, self._ground.clock()))
