"""Anthropic's Messages API: `POST /v1/messages`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from bursar.dialects import sse
from bursar.dialects.anthropic_request import request
from bursar.dialects.anthropic_stream import AnthropicMeter, as_stream, from_stream
from bursar.dialects.body import (
    Json,
    JsonObject,
    canonical,
    count_field,
    decode,
    decode_object,
    encode,
    flag_field,
    list_field,
    number_field,
    text_field,
    with_fields,
)
from bursar.dialects.caching import CachePolicy, Uncacheable
from bursar.dialects.dialect import RequestFacts
from bursar.dialects.meter import StreamMeter
from bursar.dialects.refusal import Refusal, RefusalKind, retry_headers
from bursar.dialects.usage import anthropic_usage as usage_of
from bursar.dialects.usage import told_by
from bursar.executor.v1 import executor_pb2
from bursar.prices.usage import Usage
from bursar.tokens.chats import ChatFormat

__all__ = [
    "CHAT_FORMAT",
    "KEY_HEADERS",
    "PATH",
    "address",
    "as_stream",
    "canonical_key_form",
    "credentials",
    "credentials_in",
    "facts",
    "from_stream",
    "refusal",
    "refusal_event",
    "request",
    "stream_meter",
    "text_delta",
    "text_of",
    "tool_calls_of",
    "usage_in_response",
    "usage_of",
    "why_uncacheable",
    "with_max_output_tokens",
    "with_usage_in_stream",
]

PATH: Final[str] = "/v1/messages"
CHAT_FORMAT: Final = ChatFormat.ANTHROPIC_MESSAGES
KEY_HEADERS: Final = (b"anthropic-version", b"anthropic-beta")

# Fields that say how to deliver an answer or for whom, and do not change it.
_UNKEYED_FIELDS = frozenset({"stream", "cache_control"})
_COMPLETE_STOPS = frozenset({"end_turn", "stop_sequence", "tool_use"})
_CUT_STOPS = frozenset({"max_tokens", "model_context_window_exceeded"})
_ERRORS = {
    RefusalKind.INVALID: (400, "invalid_request_error"),
    RefusalKind.BUDGET_SPENT: (400, "invalid_request_error"),  # as for a spend limit of their own
    RefusalKind.BAD_KEY: (401, "authentication_error"),
    RefusalKind.FORBIDDEN: (403, "permission_error"),
    RefusalKind.NOT_FOUND: (404, "not_found_error"),
    RefusalKind.CONFLICT: (409, "invalid_request_error"),
    RefusalKind.TOO_LARGE: (413, "request_too_large"),
    RefusalKind.RATE_LIMITED: (429, "rate_limit_error"),
    RefusalKind.OVERLOADED: (529, "overloaded_error"),
    RefusalKind.UNAVAILABLE: (529, "overloaded_error"),
    RefusalKind.LATE: (504, "timeout_error"),
    RefusalKind.INTERNAL: (500, "api_error"),
}


def address(model: str) -> str:
    """Where a streamed request goes, whichever the model."""
    return PATH


def facts(body: bytes) -> RequestFacts:
    """Raises InvalidRequest, naming the field, for a body that no provider would take."""
    fields = decode(body)
    list_field(fields, "messages", "give at least one message")
    return RequestFacts(
        model=text_field(fields, "model", "name a model"),
        is_streaming=flag_field(fields, "stream"),
        max_output_tokens=count_field(fields, "max_tokens"),
        answers=1,
        temperature=number_field(fields, "temperature"),
        has_tools=bool(fields.get("tools")),
        is_usage_streamed=True,
        body=fields,
    )


def with_max_output_tokens(body: bytes, max_output_tokens: int) -> bytes:
    """The same request with that bound; every other field keeps its bytes."""
    return with_fields(body, {"max_tokens": max_output_tokens})


def with_usage_in_stream(body: bytes) -> bytes:
    """The request as it is: these streams always bring their usage."""
    return body


def canonical_key_form(facts: RequestFacts) -> bytes:
    """Canonical JSON of all in the body that changes the answer, for exact cache keys.

    Left out: `stream`, for one entry serves both; `metadata.user_id` and nothing else of
    `metadata`; every `cache_control`, which only moves the provider's bill. All else counts, fields
    that this file has never heard of too. A key also needs the tenant, the path and KEY_HEADERS.
    """
    kept = {name: value for name, value in facts.body.items() if name not in _UNKEYED_FIELDS}
    metadata = kept.pop("metadata", None)
    if isinstance(metadata, dict):
        other = {name: value for name, value in metadata.items() if name != "user_id"}
        if other:
            kept["metadata"] = other
    form = canonical(kept)
    if b'"cache_control"' not in form:
        return form
    return canonical({name: _without_cache_control(value) for name, value in kept.items()})


def _without_cache_control(value: Json) -> Json:
    """Blocks without their marks, at the places where the API takes marks: `system`, `tools`, a
    message's content, and a tool result's. What a tool is given may bear that name as data.
    """
    if not isinstance(value, list):
        return value
    blocks: list[Json] = []
    for block in value:
        if not isinstance(block, dict):
            blocks.append(block)
            continue
        bare = {name: part for name, part in block.items() if name != "cache_control"}
        if "content" in bare:
            bare["content"] = _without_cache_control(bare["content"])
        blocks.append(bare)
    return blocks


def why_uncacheable(
    facts: RequestFacts, response: bytes, policy: CachePolicy
) -> Uncacheable | None:
    """None when the complete answer may be kept under `policy`. An unset temperature samples."""
    if policy.is_store_refused:
        return Uncacheable.NO_STORE
    if facts.temperature != 0 and not policy.are_sampled_allowed:
        return Uncacheable.SAMPLED
    message = decode_object(response)
    if message is None or message.get("type") != "message":
        return Uncacheable.FAILED
    return _why_unfit(message, policy)


def _why_unfit(message: JsonObject, policy: CachePolicy) -> Uncacheable | None:
    stop = message.get("stop_reason")
    if stop in _CUT_STOPS:
        return Uncacheable.TRUNCATED
    if stop == "refusal":
        return Uncacheable.REFUSED
    if stop not in _COMPLETE_STOPS:
        return Uncacheable.NOT_FINISHED
    kinds = {block.get("type") for block in _blocks(message)}
    if "tool_use" in kinds and not policy.are_tool_calls_allowed:
        return Uncacheable.TOOL_CALL
    if not kinds <= {"text", "thinking", "redacted_thinking", "tool_use"}:
        return Uncacheable.LIVE_DATA
    return None


def usage_in_response(response: bytes) -> Usage | None:
    """None where the provider reported none: then it has to be estimated."""
    return usage_of(told_by(response).usage)


def stream_meter(is_usage_dropped: bool) -> StreamMeter:
    """A meter for one stream. There is no usage to drop: every client of this API gets it."""
    return AnthropicMeter()


def credentials_in(headers: Mapping[str, str]) -> str:
    """The API key a client sent: `x-api-key`, else the bearer token; empty for none."""
    return headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")


def credentials(api_key: str) -> tuple[tuple[str, str], ...]:
    """The headers that carry a key to the provider."""
    return (("x-api-key", api_key),)


def refusal(
    kind: RefusalKind, message: str, request_id: str, retry_after_s: int | None = None
) -> Refusal:
    """An error in Anthropic's shape."""
    headers = (
        ("content-type", "application/json"),
        ("request-id", request_id),
        *retry_headers(kind, retry_after_s),
    )
    return Refusal(_ERRORS[kind][0], headers, encode(_error(kind, message, request_id)))


def refusal_event(kind: RefusalKind, message: str, request_id: str) -> bytes:
    """The same inside a stream that has begun, as its last event."""
    return sse.event("error", _error(kind, message, request_id))


def _error(kind: RefusalKind, message: str, request_id: str) -> JsonObject:
    error: JsonObject = {"type": _ERRORS[kind][1], "message": message}
    return {"type": "error", "error": error, "request_id": request_id}


def text_delta(event: JsonObject) -> str:
    """The words that one event of a stream adds; empty for events of another kind."""
    match event:
        case {"delta": {"type": "text_delta", "text": str(text)}}:
            return text
    return ""


def text_of(response: bytes) -> str:
    """The words of an answer, without its thoughts and tool calls."""
    blocks = _blocks(decode_object(response) or {})
    return "".join(str(block.get("text", "")) for block in blocks if block.get("type") == "text")


def tool_calls_of(response: bytes) -> tuple[executor_pb2.ToolCall, ...]:
    """The calls an answer makes, in order."""
    blocks = _blocks(decode_object(response) or {})
    return tuple(
        executor_pb2.ToolCall(
            tool_call_id=str(block.get("id", "")),
            name=str(block.get("name", "")),
            arguments_json=encode(block.get("input", {})).decode(),
        )
        for block in blocks
        if block.get("type") == "tool_use"
    )


def _blocks(message: JsonObject) -> Iterator[JsonObject]:
    content = message.get("content")
    return (
        (block for block in content if isinstance(block, dict))
        if isinstance(content, list)
        else iter(())
    )
