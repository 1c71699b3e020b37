"""One call to one model: text as it comes, then what it used, however it ended."""

from __future__ import annotations

import codecs
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import aiohttp

from bursar.dialects import sse
from bursar.dialects.body import decode_object
from bursar.dialects.dialect import Dialect
from bursar.dialects.meter import StreamMeter
from bursar.errors import BackendUnavailable, BursarError, FailedPrecondition, InvalidRequest
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.prices.recording import usage_message
from bursar.tokens.texts import count_text
from bursar_executor.endpoints import Endpoint
from bursar_executor.models import speaking

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
    """How a call ended. `is_sent` says that the provider may have billed it."""

    usage: ledger_pb2.TokenUsage = field(default_factory=ledger_pb2.TokenUsage)
    stop_reason: executor_pb2.StopReason.ValueType = executor_pb2.STOP_REASON_CUT
    answer: bytes | None = None
    tool_calls: tuple[executor_pb2.ToolCall, ...] = ()
    provider_request_id: str = ""
    model: str = ""
    error: BursarError | None = None
    is_sent: bool = False
    is_usage_unknown: bool = False


class ModelCall:
    """Send once, read to the end. `end` is whole once `texts` is exhausted or closed."""

    def __init__(
        self, session: aiohttp.ClientSession, endpoint: Endpoint, dialect: Dialect, body: bytes
    ) -> None:
        self.end = CallEnd()
        self._session = session
        self._endpoint = endpoint
        self._dialect = dialect
        self._body = body
        self._model = model_in(body)
        self._meter: StreamMeter = dialect.stream_meter(is_usage_dropped=False)
        self._chunks: list[bytes] = []
        self._answer_bytes = 0

    async def texts(self) -> AsyncGenerator[str, None]:
        """The words of the answer as they come. Never raises for what the provider does: see
        `end`.
        """
        url = f"{self._endpoint.base_url.rstrip('/')}{self._dialect.PATH}"
        headers = speaking.headers(self._dialect, self._endpoint.api_key)
        try:
            self.end.is_sent = True
            async with self._session.post(url, data=self._body, headers=headers) as response:
                self._note_request_id(response)
                if response.status != 200:
                    await self._note_refusal(response)
                    return
                async for text in self._streamed(response):
                    yield text
            self._note_end()
        except aiohttp.ClientConnectorError:
            self.end.is_sent = False
            self.end.error = BackendUnavailable(
                f"{self._endpoint.provider} cannot be reached at {self._endpoint.base_url};"
                " check the address and the network"
            )
        except (aiohttp.ClientError, TimeoutError) as broken:
            self._note_cut(f"{self._endpoint.provider} broke off: {type(broken).__name__}")
        finally:
            self._note_usage()

    async def _streamed(self, response: aiohttp.ClientResponse) -> AsyncGenerator[str, None]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        waiting = ""
        async for chunk in response.content.iter_chunked(READ_BYTES):
            self._keep(chunk)
            self._meter.feed(chunk)
            waiting += decoder.decode(chunk).replace("\r\n", "\n")
            whole, separator, rest = waiting.rpartition("\n\n")
            waiting = rest if separator else waiting
            for event in whole.split("\n\n") if separator else ():
                text = self._text_in(event)
                if text:
                    yield text
        self._meter.rest()

    def _text_in(self, lines: str) -> str:
        decoded = decode_object(sse.data_of(lines.encode()))
        return "" if decoded is None else self._dialect.text_delta(decoded)

    def _keep(self, chunk: bytes) -> None:
        self._answer_bytes += len(chunk)
        if self._answer_bytes <= ANSWER_BYTES_MAX:
            self._chunks.append(chunk)

    def _note_request_id(self, response: aiohttp.ClientResponse) -> None:
        found = (response.headers.get(name, "") for name in REQUEST_ID_HEADERS)
        self.end.provider_request_id = next(filter(None, found), "")

    async def _note_refusal(self, response: aiohttp.ClientResponse) -> None:
        """A refused request took nothing: providers bill no error."""
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
        meter = self._meter
        if self.end.error is not None:
            return
        if meter.has_failed or not meter.is_complete:
            self._note_cut(f"{self._endpoint.provider} ended the answer before its end")
            return
        self.end.stop_reason = STOPS.get(meter.stop_reason, executor_pb2.STOP_REASON_END)
        if self._answer_bytes <= ANSWER_BYTES_MAX:
            self.end.answer = self._dialect.from_stream(self._chunks)
        if self.end.answer is not None:
            self.end.tool_calls = self._dialect.tool_calls_of(self.end.answer)

    def _note_cut(self, why: str) -> None:
        self.end.error = BackendUnavailable(why)
        self.end.is_usage_unknown = self._answer_bytes == 0

    def _note_usage(self) -> None:
        """What the provider said; what was streamed, counted, where it did not come to say it."""
        self.end.model = self._meter.model
        if not self._answer_bytes:
            return
        usage, is_estimate = self._meter.settled_usage(
            0, lambda text: count_text(text, self._model).tokens
        )
        self.end.usage = usage_message(usage, is_estimate=is_estimate)


def _error_words(content: bytes) -> str:
    fields = decode_object(content) or {}
    error = fields.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    return message if isinstance(message, str) else ""


def model_in(body: bytes) -> str:
    """The model a request names."""
    model = (decode_object(body) or {}).get("model")
    return model if isinstance(model, str) else ""
