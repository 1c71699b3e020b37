"""Google's side: bodies, errors and headers of `models/…:generateContent`."""

from __future__ import annotations

from typing import Final, cast

from bursar.dialects import gemini
from bursar.dialects.body import Json, JsonObject, decode_object, encode
from bursar.prices.usage import Usage
from bursar.tokens import gemini_contents as prompts
from bursar_simulator.domain import Reply, Stop
from bursar_simulator.rate_limits import Room
from bursar_simulator.wire_format import Answer, OfferedTool

NAME: Final[str] = "gemini"
DIALECT = gemini

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def chat(request: JsonObject) -> JsonObject:
    """The request with its turns as messages."""
    return cast(JsonObject, prompts.as_chat(request))


def tools_in(request: JsonObject) -> tuple[tuple[OfferedTool, ...], str]:
    """(the tools offered, the name the request forces; `*` for any, empty for none)."""
    tools = chat(request).get("tools")
    offered = tuple(
        OfferedTool(str(function.get("name", "")), function.get("parameters"))
        for tool in (tools if isinstance(tools, list) else ())
        if isinstance(tool, dict) and isinstance(function := tool.get("function"), dict)
    )
    match request.get("toolConfig"):
        case {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [str(name), *_]}}:
            return offered, name
        case {"functionCallingConfig": {"mode": "ANY"}}:
            return offered, "*"
    return offered, ""


def answer_id(tail: str) -> str:
    """An answer's id as this provider writes them."""
    return f"SIMULATED-{tail}"


def answer(answer: Answer) -> JsonObject:
    """The body of a plain answer."""
    told: JsonObject = {
        "candidates": [
            {
                "content": {"role": "model", "parts": _parts(reply)},
                "finishReason": "MAX_TOKENS" if reply.stop is Stop.BOUND else "STOP",
                "index": index,
            }
            for index, reply in enumerate(answer.replies)
        ],
        "modelVersion": answer.facts.model,
        "responseId": answer.answer_id,
    }
    if not answer.is_usage_missing:
        told["usageMetadata"] = _usage(answer.usage)
    return told


def _parts(reply: Reply) -> list[Json]:
    parts: list[Json] = [{"text": reply.thinking, "thought": True}] if reply.thinking else []
    parts.append({"text": reply.text})
    if reply.tool_name:
        arguments = decode_object(reply.tool_input_json.encode()) or {}
        parts.append({"functionCall": {"name": reply.tool_name, "args": arguments}})
    return parts


def _usage(usage: Usage) -> JsonObject:
    """Thoughts stand beside the answer here. Writes to its cache are not told."""
    told: JsonObject = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
    }
    if usage.cached_input_tokens:
        told["cachedContentTokenCount"] = usage.cached_input_tokens
    if usage.reasoning_tokens:
        told["thoughtsTokenCount"] = usage.reasoning_tokens
    return told


def error(status: int, message: str, request_id: str) -> JsonObject:
    """The body of an error."""
    fallback = "INVALID_ARGUMENT" if status < 500 else "INTERNAL"
    return gemini.error_of(status, _STATUSES.get(status, fallback), message)


def error_event(message: str, request_id: str) -> bytes:
    """An overload that shows inside a stream."""
    return b"data: %b\r\n\r\n" % encode(error(503, message, request_id))


def headers(request_id: str, room: Room) -> dict[str, str]:
    """The request's id; this provider tells nothing of its rate limits in headers."""
    return {"x-request-id": request_id}
