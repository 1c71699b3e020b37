"""OpenAI's Responses API: `POST /v1/responses`."""

from __future__ import annotations

from typing import Final

from bursar.dialects import sse
from bursar.dialects.body import (
    JsonObject,
    canonical,
    count_field,
    decode,
    decode_object,
    flag_field,
    list_field,
    number_field,
    text_field,
    with_fields,
)
from bursar.dialects.caching import CachePolicy, Uncacheable
from bursar.dialects.dialect import RequestFacts
from bursar.dialects.meter import StreamMeter
from bursar.dialects.openai_chat import credentials, credentials_in, error_of, refusal
from bursar.dialects.refusal import RefusalKind
from bursar.dialects.responses_request import request
from bursar.dialects.responses_stream import (
    ResponsesMeter,
    as_stream,
    from_stream,
    items_of,
    stop_of,
)
from bursar.dialects.usage import responses_usage as usage_of
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

PATH: Final[str] = "/v1/responses"
CHAT_FORMAT: Final = ChatFormat.OPENAI_RESPONSES
KEY_HEADERS: Final = (b"openai-beta",)

_UNKEYED_FIELDS = frozenset(
    {
        "stream",
        "stream_options",
        "user",
        "safety_identifier",
        "metadata",
        "client_metadata",
        "store",
        "prompt_cache_key",
        "prompt_cache_retention",
        "prompt_cache_options",
    }
)
_OWN_WORDS = frozenset({"message", "reasoning", "function_call"})


def address(model: str) -> str:
    """Where a streamed request goes, whichever the model."""
    return PATH


def facts(body: bytes) -> RequestFacts:
    """Raises InvalidRequest, naming the field, for a body that no provider would take."""
    fields = decode(body)
    if not isinstance(fields.get("input"), str) and not fields.get("prompt"):
        list_field(fields, "input", "give a text or at least one item")
    return RequestFacts(
        model=text_field(fields, "model", "name a model"),
        is_streaming=flag_field(fields, "stream"),
        max_output_tokens=count_field(fields, "max_output_tokens"),
        answers=1,
        temperature=number_field(fields, "temperature"),
        has_tools=bool(fields.get("tools")),
        is_usage_streamed=True,
        body=fields,
    )


def with_max_output_tokens(body: bytes, max_output_tokens: int) -> bytes:
    """The same request with that bound; every other field keeps its bytes."""
    return with_fields(body, {"max_output_tokens": max_output_tokens})


def with_usage_in_stream(body: bytes) -> bytes:
    """The request as it is: these streams always bring their usage."""
    return body


def canonical_key_form(facts: RequestFacts) -> bytes:
    """Canonical JSON of all in the body that changes the answer, for exact cache keys: all but how
    it is delivered and filed, what steers the provider's prompt cache, and the ids of items.
    """
    kept = {name: value for name, value in facts.body.items() if name not in _UNKEYED_FIELDS}
    given = kept.get("input")
    if isinstance(given, list):
        kept["input"] = [
            {name: value for name, value in item.items() if name != "id"}
            if isinstance(item, dict) and item.get("type") != "item_reference"
            else item
            for item in given
        ]
    return canonical(kept)


def why_uncacheable(
    facts: RequestFacts, response: bytes, policy: CachePolicy
) -> Uncacheable | None:
    """None when the complete answer may be kept under `policy`. An unset temperature samples."""
    if policy.is_store_refused:
        return Uncacheable.NO_STORE
    if facts.temperature != 0 and not policy.are_sampled_allowed:
        return Uncacheable.SAMPLED
    answer = decode_object(response) or {}
    if answer.get("object") != "response":
        return Uncacheable.FAILED
    return _why_unfit(answer, policy)


def _why_unfit(answer: JsonObject, policy: CachePolicy) -> Uncacheable | None:
    match answer.get("status"), stop_of(answer):
        case "incomplete", "length":
            return Uncacheable.TRUNCATED
        case "incomplete", _:
            return Uncacheable.REFUSED
        case "completed", _:
            kinds = {item.get("type") for item in items_of(answer)}
            if not kinds <= _OWN_WORDS:
                return Uncacheable.LIVE_DATA
            is_calling = "function_call" in kinds and not policy.are_tool_calls_allowed
            return Uncacheable.TOOL_CALL if is_calling else None
    return Uncacheable.NOT_FINISHED


def usage_in_response(response: bytes) -> Usage | None:
    """None where the provider reported none: then it has to be estimated."""
    return usage_of(told_by(response).usage)


def stream_meter(is_usage_dropped: bool) -> StreamMeter:
    """A meter for one stream. There is no usage to drop: every client of this API gets it."""
    return ResponsesMeter()


def refusal_event(kind: RefusalKind, message: str, request_id: str) -> bytes:
    """An error inside a stream that has begun, as its last event."""
    told = error_of(kind, message)["error"]
    assert isinstance(told, dict)
    return sse.event("error", {**told, "type": "error", "sequence_number": 0})


def text_delta(event: JsonObject) -> str:
    """The words that one decoded event of a stream adds; empty for other events."""
    match event:
        case {"type": "response.output_text.delta", "delta": str(text)}:
            return text
    return ""


def text_of(response: bytes) -> str:
    """The words of an answer, without its thoughts and tool calls."""
    words: list[str] = []
    for item in items_of(decode_object(response) or {}):
        content = item.get("content") if item.get("type") == "message" else None
        for part in content if isinstance(content, list) else ():
            match part:
                case {"type": "output_text", "text": str(text)}:
                    words.append(text)
    return "".join(words)


def tool_calls_of(response: bytes) -> tuple[executor_pb2.ToolCall, ...]:
    """The calls an answer makes, in order."""
    return tuple(
        executor_pb2.ToolCall(
            tool_call_id=str(item.get("call_id", "")),
            name=str(item.get("name", "")),
            arguments_json=str(item.get("arguments", "")),
        )
        for item in items_of(decode_object(response) or {})
        if item.get("type") == "function_call"
    )
