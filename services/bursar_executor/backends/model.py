"""A model behind an endpoint as a backend: one prompt of the task's words and its compressed
context.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bursar.dialects.dialect import Dialect
from bursar.errors import BackendUnavailable
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.prices.rows import PriceRow
from bursar_executor.backends.backend import Hold, Job, Outcome
from bursar_executor.models.call import CallEnd, ModelCall
from bursar_executor.models.gate import Gate
from bursar_executor.models.holds import Prepared, prepared
from bursar_executor.models.source import EndpointSource

# What a model behind a provider is offered for: it reads and writes.
MODEL_CAPABILITIES = (
    "code_generation",
    "code_review",
    "debugging",
    "documentation",
    "refactoring",
    "testing",
)
PROMPT_OVERHEAD_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Means:
    """What a model is asked with. `source` gives the endpoint when it is needed, starting it if it
    has to be; `gate` is shared by all models of an endpoint; the price is None where it is not
    known.
    """

    source: EndpointSource
    gate: Gate
    dialect: Dialect
    session: aiohttp.ClientSession
    price: PriceRow | None


class ModelBackend:
    """One model of one endpoint."""

    def __init__(self, described: planner_pb2.Backend, means: Means) -> None:
        self._described = described
        self._means = means

    @property
    def dialect(self) -> Dialect:
        return self._means.dialect

    @property
    def model(self) -> str:
        return self._described.target.model

    @property
    def backend_id(self) -> str:
        return self._described.backend_id

    @property
    def target(self) -> ledger_pb2.Target:
        return self._described.target

    def is_named(self, name: str) -> bool:
        """Whether a caller who says `name` means this one."""
        return bool(name) and name in (self.model, self.backend_id)

    is_repeatable = True

    async def version(self, origin: Path | None) -> str:
        return self.backend_id

    @property
    def start_allowance_s(self) -> float:
        return self._means.source.start_allowance_s

    def describe(self) -> planner_pb2.Backend:
        return self._described

    def input_tokens_max(self, output_tokens: int) -> int:
        """What its context window leaves beside the answer and the words of the prompt."""
        return max(1, self._means.source.context_tokens - output_tokens - PROMPT_OVERHEAD_TOKENS)

    async def prepared(self, job: Job) -> ModelWork:
        return ModelWork(self, await self.as_sent(_request_of(job, self.model)))

    async def as_sent(self, request: executor_pb2.GenerateRequest) -> Prepared:
        """The bytes that will be sent for `request`, and what they may take."""
        body = self.dialect.with_usage_in_stream(self.dialect.request(request, is_streaming=True))
        return await prepared(
            body, self.model, request.max_output_tokens, self.dialect, self._means.price
        )

    @asynccontextmanager
    async def calling(self, prepared: Prepared) -> AsyncIterator[ModelCall]:
        """The call, ready to be read. Raises a BursarError when the endpoint cannot be had, or
        fails again and again.
        """
        means = self._means
        async with means.gate.passing() as passage, means.source.endpoint() as endpoint:
            call = ModelCall(means.session, endpoint, means.dialect, prepared)
            yield call
            passage.has_failed = isinstance(call.end.error, BackendUnavailable)

    @property
    def mark(self) -> str:
        """What has to be said of its answers; empty where nothing has."""
        return self._means.source.mark


class ModelWork:
    """One call, ready to be made."""

    def __init__(self, model: ModelBackend, prepared: Prepared) -> None:
        self._model = model
        self._prepared = prepared

    @property
    def hold(self) -> Hold:
        return self._prepared.hold

    async def done(self) -> Outcome:
        """Cancelled while the answer comes, it hangs up and returns what came until then."""
        pieces: list[str] = []
        async with self._model.calling(self._prepared) as call:
            began_s = time.monotonic()
            try:
                async with contextlib.aclosing(call.texts()) as texts:
                    async for piece in texts:
                        pieces.append(piece)
            except asyncio.CancelledError:
                if not call.end.is_sent:
                    raise
        summary = _summary(call.end, time.monotonic() - began_s, self._model.mark)
        return _outcome("".join(pieces), call.end, summary)


def _request_of(job: Job, model: str) -> executor_pb2.GenerateRequest:
    prompt = f"{job.description}\n\n{job.context}" if job.context else job.description
    message = executor_pb2.Message(role=executor_pb2.ROLE_USER, text=prompt)
    return executor_pb2.GenerateRequest(
        model=model,
        messages=[message],
        max_output_tokens=job.max_output_tokens,
        temperature=0.0,
    )


def _outcome(text: str, end: CallEnd, summary: str) -> Outcome:
    return Outcome(
        summary=summary,
        text=text,
        usage=end.usage,
        provider_request_id=end.provider_request_id,
        answered_by_model=end.model,
        is_cut=end.is_cut,
        error=end.error,
        is_usage_unknown=end.is_usage_unknown,
        provider_limits=tuple(end.provider_limits),
    )


def _summary(end: CallEnd, duration_s: float, mark: str) -> str:
    if end.error is not None:
        return end.error.message
    tokens = end.usage.output_tokens
    speed = tokens / duration_s if duration_s else 0.0
    marked = f"{mark}: " if mark else ""
    bounded = end.stop_reason == executor_pb2.STOP_REASON_MAX_TOKENS
    at_bound = ", cut at its bound" if bounded else ""
    return f"{marked}{tokens:,} tokens written, {speed:.0f} a second{at_bound}"
