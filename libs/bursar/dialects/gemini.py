"""Gemini's API: `POST /v1beta/models/MODEL:generateContent` and `:streamGenerateContent?alt=sse`.

The model and whether it streams stand in the address, not in the body. `addressed` brings both
together as the fields `model` and `stream`, which `facts` reads; no provider is sent them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

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
from bursar.dialects.gemini_request import request
from bursar.dialects.gemini_stream import (
    GeminiMeter,
    as_stream,
    from_stream,
    objects,
    parts_of,
)
from bursar.dialects.meter import StreamMeter
from bursar.dialects.refusal import Refusal, RefusalKind, retry_headers
from bursar.dialects.usage import gemini_usage as usage_of
from bursar.executor.v1 import executor_pb2
from bursar.prices.usage import Usage
from bursar.tokens.chats import ChatFormat

__all__ = [
    "CHAT_FORMAT",
    "KEY_HEADERS",
    "PATH",
    "address",
    "addressed",
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

PATH: Final[str] = "/v1beta/models"
CHAT_FORMAT: Final = ChatFormat.GEMINI
KEY_HEADERS: Final[tuple[bytes, ...]] = ()

_ACTION = re.compile(rf"{PATH}/([^/:]+):(generateContent|streamGenerateContent)")
_UNKEYED_FIELDS = frozenset({"stream", "labels"})
_STATUSES = {
    RefusalKind.INVALID: (400, "INVALID_ARGUMENT"),
    RefusalKind.BUDGET_SPENT: (400, "FAILED_PRECONDITION"),
    RefusalKind.BAD_KEY: (401, "UNAUTHENTICATED"),
    RefusalKind.FORBIDDEN: (403, "PERMISSION_DENIED"),
    RefusalKind.NOT_FOUND: (404, "NOT_FOUND"),
    RefusalKind.CONFLICT: (409, "ABORTED"),
    RefusalKind.TOO_LARGE: (413, "INVALID_ARGUMENT"),
    RefusalKind.RATE_LIMITED: (429, "RESOURCE_EXHAUSTED"),
    RefusalKind.OVERLOADED: (503, "UNAVAILABLE"),
    RefusalKind.UNAVAILABLE: (503, "UNAVAILABLE"),
    RefusalKind.LATE: (504, "DEADLINE_EXCEEDED"),
    RefusalKind.INTERNAL: (500, "INTERNAL"),
}


def address(model: str) -> str:
    """Where a streamed request to this model goes."""
    return f"{PATH}/{model}:streamGenerateContent?alt=sse"


def addressed(path: str, body: bytes) -> bytes | None:
    """The request with its model and whether it streams as fields; None for another path.

    Raises InvalidRequest for what is no JSON object.
    """
    action = _ACTION.fullmatch(path)
    if action is None:
        return None
    is_streaming = action[2] == "streamGenerateContent"
    return with_fields(body, {"model": action[1], "stream": is_streaming})


def facts(body: bytes) -> RequestFacts:
    """Of an `addressed` body. Raises InvalidRequest, naming the field, for one nobody would
    take.
    """
    fields = decode(body)
    list_field(fields, "contents", "give at least one turn")
    given = fields.get("generationConfig")
    settings = given if isinstance(given, dict) else {}
    return RequestFacts(
        model=text_field(fields, "model", "name a model in the path"),
        is_streaming=flag_field(fields, "stream"),
        max_output_tokens=count_field(settings, "maxOutputTokens"),
        answers=count_field(settings, "candidateCount") or 1,
        temperature=number_field(settings, "temperature"),
        has_tools=bool(fields.get("tools")),
        is_usage_streamed=True,
        body=fields,
    )


def with_max_output_tokens(body: bytes, max_output_tokens: int) -> bytes:
    """The same request with that bound on one answer; every other field keeps its bytes."""
    known = decode(body).get("generationConfig")
    settings = known if isinstance(known, dict) else {}
    return with_fields(
        body, {"generationConfig": {**settings, "maxOutputTokens": max_output_tokens}}
    )


def with_usage_in_stream(body: bytes) -> bytes:
    """The request as it is: these streams always bring their usage."""
    return body


def canonical_key_form(facts: RequestFacts) -> bytes:
    """Canonical JSON of all in the body that changes the answer: all but whether it streams and
    how it is filed.
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
    candidate = _first_candidate(response)
    return _why_unfit(candidate, policy) if candidate else Uncacheable.FAILED


def _why_unfit(candidate: JsonObject, policy: CachePolicy) -> Uncacheable | None:
    match candidate.get("finishReason"):
        case "STOP":
            kinds = {name for part in parts_of(candidate) for name in part}
            if "groundingMetadata" in candidate or "executableCode" in kinds:
                return Uncacheable.LIVE_DATA
            is_calling = "functionCall" in kinds and not policy.are_tool_calls_allowed
            return Uncacheable.TOOL_CALL if is_calling else None
        case "MAX_TOKENS":
            return Uncacheable.TRUNCATED
        case None:
            return Uncacheable.NOT_FINISHED
    return Uncacheable.REFUSED


def usage_in_response(response: bytes) -> Usage | None:
    """None where the provider reported none: then it has to be estimated."""
    usage = (decode_object(response) or {}).get("usageMetadata")
    return usage_of(usage) if isinstance(usage, dict) else None


def stream_meter(is_usage_dropped: bool) -> StreamMeter:
    """A meter for one stream. There is no usage to drop: every client of this API gets it."""
    return GeminiMeter()


def credentials_in(headers: Mapping[str, str]) -> str:
    """The API key a client sent: `x-goog-api-key`, else the bearer token; empty for none."""
    key = headers.get("x-goog-api-key")
    return key or headers.get("authorization", "").removeprefix("Bearer ")


def credentials(api_key: str) -> tuple[tuple[str, str], ...]:
    """The headers that carry a key to the provider."""
    return (("x-goog-api-key", api_key),)


def refusal(
    kind: RefusalKind, message: str, request_id: str, retry_after_s: int | None = None
) -> Refusal:
    """An error in Google's shape."""
    code, status = _STATUSES[kind]
    headers = (
        ("content-type", "application/json"),
        ("x-request-id", request_id),
        *retry_headers(kind, retry_after_s),
    )
    return Refusal(code, headers, encode(error_of(code, status, message)))


def refusal_event(kind: RefusalKind, message: str, request_id: str) -> bytes:
    """The same inside a stream that has begun, as its last event."""
    return b"data: %b\r\n\r\n" % encode(error_of(*_STATUSES[kind], message))


def error_of(code: int, status: str, message: str) -> JsonObject:
    """The body of an error."""
    return {"error": {"code": code, "message": message, "status": status}}


def text_delta(event: JsonObject) -> str:
    """The words that one decoded event of a stream adds; empty for other events."""
    return _words_of(next(iter(objects(event.get("candidates"))), {}))


def text_of(response: bytes) -> str:
    """The words of the first answer, without its thoughts and tool calls."""
    return _words_of(_first_candidate(response))


def tool_calls_of(response: bytes) -> tuple[executor_pb2.ToolCall, ...]:
    """The calls the first answer makes, in order. Google gives ids to some of them only: the place
    stands for a missing one.
    """
    calls = [part.get("functionCall") for part in parts_of(_first_candidate(response))]
    return tuple(
        executor_pb2.ToolCall(
            tool_call_id=str(call.get("id") or f"call_{place}"),
            name=str(call.get("name", "")),
            arguments_json=encode(call.get("args") or {}).decode(),
        )
        for place, call in enumerate(calls)
        if isinstance(call, dict)
    )


def _words_of(candidate: JsonObject) -> str:
    parts = parts_of(candidate)
    return "".join(str(part.get("text", "")) for part in parts if not part.get("thought"))


def _first_candidate(response: bytes) -> JsonObject:
    candidates = objects((decode_object(response) or {}).get("candidates"))
    return candidates[0] if candidates else {}
