"""Answers Fit: brings a chat request into a window, and keeps what is cleared from it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from bursar.blobs import BlobReference
from bursar.compressor.v1 import compressor_pb2 as contract
from bursar.errors import InvalidRequest
from bursar.eventlog.envelope import DEFAULT_TENANT_ID
from bursar.events.v1 import compression_pb2
from bursar.tokens.chats import ChatFormat
from bursar.wiring.module import Ground
from bursar_compressor import work
from bursar_compressor.chat.request import FitOrder, FitResult, originals_of
from bursar_compressor.registry import Level
from bursar_compressor.restore_tool import TOOL
from bursar_compressor.wire import CONTENT_BYTES_MAX, level_of
from bursar_compressor.workers import Workers

_FORMATS: dict[int, ChatFormat] = {
    contract.CHAT_FORMAT_OPENAI_CHAT: ChatFormat.OPENAI_CHAT,
    contract.CHAT_FORMAT_ANTHROPIC_MESSAGES: ChatFormat.ANTHROPIC_MESSAGES,
}


class Fitting:
    """The part of the service that knows chats."""

    def __init__(self, ground: Ground, workers: Workers) -> None:
        self._ground = ground
        self._workers = workers

    async def fit(self, request: contract.FitRequest) -> contract.FitResponse:
        """What is cleared is in the blob store before a marker names it."""
        order = fit_order_of(request)
        tenant_id = request.attribution.tenant_id or DEFAULT_TENANT_ID
        size = len(order.body)
        originals = await self._workers.run(size, partial(originals_of, order.body))
        references = await asyncio.to_thread(self._references, tenant_id, originals)
        order = replace(order, references=references)
        result = await self._workers.run(size, partial(work.fitted, order))
        for place in result.fitted.cleared:
            await self._ground.blobs.put(tenant_id, originals[place])
        return fit_response(result, [references[place] for place in result.fitted.cleared])

    def _references(self, tenant_id: str, originals: list[bytes]) -> tuple[str, ...]:
        address = self._ground.keyring.blob_address
        return tuple(str(BlobReference(address(tenant_id, each))) for each in originals)


def fit_order_of(request: contract.FitRequest) -> FitOrder:
    """Raises InvalidRequest for what cannot be done."""
    chat_format = _FORMATS.get(request.format)
    if chat_format is None:
        raise InvalidRequest.of("format", request.format, "use openai_chat or anthropic_messages")
    if request.target_tokens <= 0:
        remedy = "give the most tokens that the request may come to"
        raise InvalidRequest.of("target_tokens", request.target_tokens, remedy)
    body = request.body_json
    if len(body) > CONTENT_BYTES_MAX:
        remedy = f"send at most {CONTENT_BYTES_MAX} bytes"
        raise InvalidRequest.of("body_json", f"{len(body)} bytes", remedy)
    level = level_of(request.level)
    return FitOrder(
        body=body,
        chat_format=chat_format,
        model=request.model,
        target_tokens=request.target_tokens,
        may_renumber=level is not Level.PLAIN,
        may_clear=level in (Level.SAFE, Level.AGGRESSIVE),
    )


def fit_response(result: FitResult, references: list[str]) -> contract.FitResponse:
    """It carries the tool that restores when something is cleared."""
    loss = result.fitted.loss
    return contract.FitResponse(
        body_json=result.body,
        tokens_before=result.tokens_before,
        tokens_after=result.tokens_after,
        is_estimate=result.is_estimate,
        cleared_messages=len(references),
        cache_broken_tokens=loss.broken_tokens,
        cache_cost_tokens=loss.cost_tokens,
        break_even_turns=loss.break_even_turns,
        references=references,
        restore_tool=TOOL if references else None,
    )


def fitted_event(
    request: contract.FitRequest, response: contract.FitResponse, duration_ns: int
) -> bytes:
    """The payload of `compression.applied` for a chat: figures, nothing of its words."""
    cleared = f"{response.cleared_messages} old messages are cleared"
    change = contract.Change(
        method="chat_fit",
        tokens_before=response.tokens_before,
        tokens_after=response.tokens_after,
        summary=f"{cleared}; {response.cache_broken_tokens} tokens left the provider's cache",
        elided_parts=response.cleared_messages,
    )
    return compression_pb2.CompressionApplied(
        attribution=request.attribution,
        content_kind=contract.CONTENT_KIND_CHAT,
        level=request.level or contract.LEVEL_SAFE,
        model=request.model,
        tokens_before=response.tokens_before,
        tokens_after=response.tokens_after,
        is_estimate=response.is_estimate,
        changes=[change],
        duration_ns=duration_ns,
    ).SerializeToString()
