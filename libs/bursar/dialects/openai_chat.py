"""OpenAI's Chat Completions API, which many servers speak: `POST /v1/chat/completions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bursar.dialects import sse
from bursar.dialects.body import (
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
from bursar.dialects.openai_request import bound_name, request
from bursar.dialects.openai_stream import OpenAiMeter, as_stream, from_stream
from bursar.dialects.refusal import Refusal, RefusalKind, retry_headers
from bursar.dialects.usage import openai_usage as usage_of
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
    "error_of",
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

PATH: Final[str] = "/v1/chat/completions"
CHAT_FORMAT: Final = ChatFormat.OPENAI_CHAT
KEY_HEADERS: Final = (b"openai-beta",)

_BOUNDS = ("max_completion_tokens", "max_tokens")
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
_ERRORS = {
    RefusalKind.INVALID: (400, "invalid_request_error", None),
    RefusalKind.BUDGET_SPENT: (400, "insufficient_quota", "insufficient_quota"),
    RefusalKind.BAD_KEY: (401, "invalid_request_error", "invalid_api_key"),
    RefusalKind.FORBIDDEN: (403, "invalid_request_error", "permission_denied"),
    RefusalKind.NOT_FOUND: (404, "invalid_request_error", "not_found"),
    RefusalKind.CONFLICT: (409, "invalid_request_error", "conflict"),
    RefusalKind.TOO_LARGE: (413, "invalid_request_error", "request_too_large"),
    RefusalKind.RATE_LIMITED: (429, "requests", "rate_limit_exceeded"),
    RefusalKind.OVERLOADED: (503, "service_unavailable_error", "server_is_overloaded"),
    RefusalKind.UNAVAILABLE: (503, "service_unavailable_error", "server_is_overloaded"),
    RefusalKind.LATE: (504, "server_error", "timeout"),
    RefusalKind.INTERNAL: (500, "server_error", None),
}


def address(model: str) -> str:
    """Where a streamed request goes, whichever the model."""
    return PATH


def facts(body: bytes) -> RequestFacts:
    """Raises InvalidRequest, naming the field, for a body that no provider would take."""
    fields = decode(body)
    list_field(fields, "messages", "give at least one message")
    # Where both are set the larger one is the bound: which of them holds is up to the server.
    bounds = [bound for name in _BOUNDS if (bound := count_field(fields, name)) is not None]
    options = fields.get("stream_options")
    return RequestFacts(
        model=text_field(fields, "model", "name a model"),
        is_streaming=flag_field(fields, "stream"),
        max_output_tokens=max(bounds) if bounds else None,
        answers=count_field(fields, "n") or 1,
        temperature=number_field(fields, "temperature"),
        has_tools=bool(fields.get("tools") or fields.get("functions")),
        is_usage_streamed=isinstance(options, dict) and options.get("include_usage") is True,
        body=fields,
    )


def with_max_output_tokens(body: bytes, max_output_tokens: int) -> bytes:
    """The same request with that bound on one answer, in the field it uses already, else in the one
    its model takes; every other field keeps its bytes.
    """
    fields = decode(body)
    used = [name for name in _BOUNDS if fields.get(name) is not None]
    names = used or [bound_name(str(fields.get("model", "")))]
    return with_fields(body, dict.fromkeys(names, max_output_tokens))


def with_usage_in_stream(body: bytes) -> bytes:
    """The same request, its stream told to bring the usage; its other stream options stay."""
    options = decode(body).get("stream_options")
    known = options if isinstance(options, dict) else {}
    return with_fields(body, {"stream_options": {**known, "include_usage": True}})


def canonical_key_form(facts: RequestFacts) -> bytes:
    """Canonical JSON of all in the body that changes the answer, for exact cache keys.

    Left out: `stream` and `stream_options`, for one entry serves both; who asks and how it is
    filed (`user`, `safety_identifier`, `metadata`, `client_metadata`, `store`); what steers the
    provider's prompt cache (`prompt_cache_key`, `_retention`, `_options`). All else counts, fields
    that this file has never heard of too. A key also needs the tenant, the path and KEY_HEADERS.
    """
    return canonical(
        {name: value for name, value in facts.body.items() if name not in _UNKEYED_FIELDS}
    )


def why_uncacheable(
    facts: RequestFacts, response: bytes, policy: CachePolicy
) -> Uncacheable | None:
    """None when the complete answer may be kept under `policy`. An unset temperature samples."""
    if policy.is_store_refused:
        return Uncacheable.NO_STORE
    if facts.temperature != 0 and not policy.are_sampled_allowed:
        return Uncacheable.SAMPLED
    if facts.answers != 1:
        return Uncacheable.SEVERAL_ANSWERS
    completion = decode_object(response)
    choice = None if completion is None else _first_choice(completion)
    if choice is None:
        return Uncacheable.FAILED
    return _why_unfit(choice, policy)


def _why_unfit(choice: JsonObject, policy: CachePolicy) -> Uncacheable | None:
    stop, message = choice.get("finish_reason"), choice.get("message")
    if not isinstance(message, dict):
        return Uncacheable.FAILED
    if stop == "length":
        return Uncacheable.TRUNCATED
    if stop == "content_filter" or message.get("refusal"):
        return Uncacheable.REFUSED
    if stop not in ("stop", "tool_calls", "function_call"):
        return Uncacheable.NOT_FINISHED
    is_calling = bool(message.get("tool_calls") or message.get("function_call"))
    if is_calling and not policy.are_tool_calls_allowed:
        return Uncacheable.TOOL_CALL
    return Uncacheable.LIVE_DATA if message.get("annotations") else None


def usage_in_response(response: bytes) -> Usage | None:
    """None where the provider reported none: then it has to be estimated."""
    return usage_of(told_by(response).usage)


def stream_meter(is_usage_dropped: bool) -> StreamMeter:
    """A meter for one stream, which takes out the usage chunk if the client did not ask for it."""
    return OpenAiMeter(is_usage_dropped)


def credentials_in(headers: Mapping[str, str]) -> str:
    """The API key a client sent: the bearer token; empty for none."""
    return headers.get("authorization", "").removeprefix("Bearer ")


def credentials(api_key: str) -> tuple[tuple[str, str], ...]:
    """The headers that carry a key to the provider."""
    return (("authorization", f"Bearer {api_key}"),)


def refusal(
    kind: RefusalKind, message: str, request_id: str, retry_after_s: int | None = None
) -> Refusal:
    """An error in OpenAI's shape."""
    headers = (
        ("content-type", "application/json"),
        ("x-request-id", request_id),
        *retry_headers(kind, retry_after_s),
    )
    return Refusal(_ERRORS[kind][0], headers, encode(error_of(kind, message)))


def refusal_event(kind: RefusalKind, message: str, request_id: str) -> bytes:
    """The same inside a stream that has begun, as its last event: no end mark follows it."""
    return sse.nameless_event(error_of(kind, message))


def error_of(kind: RefusalKind, message: str) -> JsonObject:
    """The body of an error."""
    _, error_type, code = _ERRORS[kind]
    return {"error": {"message": message, "type": error_type, "param": None, "code": code}}


def text_delta(event: JsonObject) -> str:
    """The words that one event of a stream adds to the first answer; empty for other events."""
    choice = _first_choice(event) or {}
    delta = choice.get("delta") if choice.get("index", 0) == 0 else None
    text = delta.get("content") if isinstance(delta, dict) else None
    return text if isinstance(text, str) else ""


def text_of(response: bytes) -> str:
    """The words of the first answer, without its tool calls."""
    content = _first_message(response).get("content")
    return content if isinstance(content, str) else ""


def tool_calls_of(response: bytes) -> tuple[executor_pb2.ToolCall, ...]:
    """The calls the first answer makes, in order."""
    calls = _first_message(response).get("tool_calls")
    found: list[executor_pb2.ToolCall] = []
    for call in calls if isinstance(calls, list) else ():
        match call:
            case {"id": str(call_id), "function": {"name": str(name), "arguments": str(arguments)}}:
                found.append(
                    executor_pb2.ToolCall(tool_call_id=call_id, name=name, arguments_json=arguments)
                )
    return tuple(found)


def _first_message(response: bytes) -> JsonObject:
    choice = _first_choice(decode_object(response) or {})
    message = None if choice is None else choice.get("message")
    return message if isinstance(message, dict) else {}


def _first_choice(completion: JsonObject) -> JsonObject | None:
    choices = completion.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else None
