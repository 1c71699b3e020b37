"""One call to one model: text as it comes, then what it used, however it ended."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

import aiohttp

from bursar.dialects.body import decode_object
from bursar.dialects.dialect import Dialect
from bursar.dialects.meter import StreamMeter
from bursar.errors import BackendUnavailable, BursarError, FailedPrecondition, InvalidRequest
from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.prices.recording import usage_message
from bursar.tokens.texts import count_text
from bursar_executor.backends.backend import BudgetExhausted
from bursar_executor.endpoints import Endpoint
from bursar_executor.models import speaking
from bursar_executor.models.holds import Prepared
from bursar_executor.models.output_bound import OutputBound
from bursar_executor.models.rate_limits import provider_limits
from bursar_executor.models.text_stream import TextStream

READ_BYTES = 64 * 1024
ANSWER_BYTES_MAX = 16 * 1024 * 1024
ERROR_BYTES_MAX = 4 * 1024
REQUEST_ID_HEADERS = ("request-id", "x-request-id")
_CLIENT_ERRORS = (400, 404, 413, 422)
_KEY_ERRORS = (401, 403)

STOPS = {
    "end_turn": executor_pb2.STOP_REASON_END,
    "stop_sequence": executor_pb2.STOP_REASON_END,
    "stop": executor_pb2.STOP_REASON_END,
    "max_tokens": executor_pb2.STOP_REASON_MAX_TOKENS,
    "length": executor_pb2.STOP_REASON_MAX_TOKENS,
    "tool_use": executor_pb2.STOP_REASON_TOOL_CALL,
    "tool_calls": executor_pb2.STOP_REASON_TOOL_CALL,
}


@dataclass(slots=True)
class CallEnd:
    """How a call ended. `is_sent` says that the provider may have it, `is_usage_unknown` that
    nothing came back from which to tell what it took.
    """

    usage: ledger_pb2.TokenUsage = field(default_factory=ledger_pb2.TokenUsage)
    stop_reason: executor_pb2.StopReason.ValueType = executor_pb2.STOP_REASON_CUT
    answer: bytes | None = None
    tool_calls: tuple[executor_pb2.ToolCall, ...] = ()
    provider_request_id: str = ""
    model: str = ""
    error: BursarError | None = None
    is_sent: bool = False
    is_usage_unknown: bool = False
    provider_limits: list[tasks_pb2.ProviderLimit] = field(default_factory=list)

    @property
    def is_cut(self) -> bool:
        """It ended early, and some of it was paid for or may have been."""
        is_early = self.stop_reason == executor_pb2.STOP_REASON_CUT
        return is_early and (self.is_usage_unknown or self.usage.input_tokens > 0)


class ModelCall:
    """Send once, read to the end. `end` is whole once `texts` is exhausted or closed.

    `session` is a `model_session`: it tells when the request leaves.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoint: Endpoint,
        dialect: Dialect,
        prepared: Prepared,
    ) -> None:
        self.end = CallEnd()
        self._session = session
        self._endpoint = endpoint
        self._dialect = dialect
        self._prepared = prepared
        self._is_refused = False
        self._meter: StreamMeter = dialect.stream_meter(is_usage_dropped=False)
        self._chunks: list[bytes] = []
        self._answer_bytes = 0
        self._bound = OutputBound(prepared.hold.amounts.output_tokens, prepared.model)

    async def texts(self) -> AsyncGenerator[str, None]:
        """The words of the answer as they come. Never raises for what the provider does: see
        `end`.
        """
        try:
            async with self._session.post(
                f"{self._endpoint.base_url.rstrip('/')}"
                f"{self._dialect.address(self._prepared.model)}",
                data=self._prepared.body,
                headers=speaking.headers(self._dialect, self._endpoint.api_key),
                trace_request_ctx=self.end,
            ) as response:
                self._note_headers(response.headers)
                if response.status != 200:
                    await self._note_refusal(response)
                    return
                stream = TextStream(self._dialect)
                async for chunk in response.content.iter_chunked(READ_BYTES):
                    self._keep(chunk)
                    for text in stream.words(chunk):
                        yield text
                        if self._bound.is_passed(text):
                            self._note_overlong()
                            return
            self._note_end()
        except (aiohttp.ClientError, TimeoutError) as broken:
            self._note_break(broken)
        finally:
            self._note_usage()

    def _keep(self, chunk: bytes) -> None:
        self._meter.feed(chunk)
        self._answer_bytes += len(chunk)
        if self._answer_bytes <= ANSWER_BYTES_MAX:
            self._chunks.append(chunk)

    def _note_headers(self, headers: Mapping[str, str]) -> None:
        found = (headers.get(name, "") for name in REQUEST_ID_HEADERS)
        self.end.provider_request_id = next(filter(None, found), "")
        self.end.provider_limits = provider_limits(headers, time.time_ns())

    def _note_overlong(self) -> None:
        """What was set aside is used up though the provider goes on: the connection is cut."""
        self.end.error = BudgetExhausted(
            f"{self._endpoint.provider} wrote more than the"
            f" {self._prepared.hold.amounts.output_tokens:,} tokens it was asked for at most"
        )

    async def _note_refusal(self, response: aiohttp.ClientResponse) -> None:
        """A refused request took nothing: providers bill no error."""
        self._is_refused = True
        content = await response.content.read(ERROR_BYTES_MAX)
        words = _error_words(content) or response.reason or "no reason given"
        who = self._endpoint.provider
        if response.status in _KEY_ERRORS:
            self.end.error = FailedPrecondition(f"{who} refused its key: {words}")
        elif response.status in _CLIENT_ERRORS:
            self.end.error = InvalidRequest(f"{who} refused the request: {words}")
        else:
            self.end.error = BackendUnavailable(f"{who} answered {response.status}: {words}")

    def _note_end(self) -> None:
        """The connection came to its end; the answer, if its last event came."""
        meter, end = self._meter, self.end
        meter.rest()
        if meter.has_failed or not meter.is_complete:
            end.error = BackendUnavailable(
                f"{self._endpoint.provider} ended the answer before its end"
            )
            return
        end.stop_reason = STOPS.get(meter.stop_reason, executor_pb2.STOP_REASON_UNSPECIFIED)
        if self._answer_bytes <= ANSWER_BYTES_MAX:
            end.answer = self._dialect.from_stream(self._chunks)
        if end.answer is not None:
            end.tool_calls = self._dialect.tool_calls_of(end.answer)
        if end.tool_calls and end.stop_reason == executor_pb2.STOP_REASON_END:
            end.stop_reason = executor_pb2.STOP_REASON_TOOL_CALL  # Gemini has no word for it

    def _note_break(self, broken: Exception) -> None:
        who, where = self._endpoint.provider, self._endpoint.base_url
        self.end.error = BackendUnavailable(
            f"{who} broke off: {type(broken).__name__}"
            if self.end.is_sent
            else f"{who} cannot be reached at {where}; check the address and the network"
        )

    def _note_usage(self) -> None:
        """What the provider said; what was streamed, counted, where it did not come to say it."""
        self.end.model = self._meter.model
        if not self._answer_bytes:
            self.end.is_usage_unknown = self.end.is_sent and not self._is_refused
            return
        usage, is_estimate = self._meter.settled_usage(
            self._prepared.input_tokens, lambda text: count_text(text, self._prepared.model).tokens
        )
        self.end.usage = usage_message(usage, is_estimate=is_estimate)


def _error_words(content: bytes) -> str:
    fields = decode_object(content) or {}
    error = fields.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    return message if isinstance(message, str) else ""
