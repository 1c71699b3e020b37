"""Anthropic's side: bodies, errors and headers of `/v1/messages`."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from bursar.dialects import anthropic_messages, sse
from bursar.dialects.body import Json, JsonObject, decode_object
from bursar.prices.usage import Usage
from bursar_simulator.domain import Reply, Stop
from bursar_simulator.rate_limits import Room
from bursar_simulator.wire_format import Answer, OfferedTool

NAME: Final[str] = "anthropic"
DIALECT = anthropic_messages

_ERROR_TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_STOPS = {Stop.END: "end_turn", Stop.BOUND: "max_tokens", Stop.TOOL: "tool_use"}


def chat(request: JsonObject) -> JsonObject:
    """The request as it is."""
    return request


def tools_in(request: JsonObject) -> tuple[tuple[OfferedTool, ...], str]:
    """(the tools offered, the name the request forces; `*` for any, empty for none)."""
    tools = request.get("tools")
    offered = tuple(
        OfferedTool(str(tool.get("name", "")), tool.get("input_schema"))
        for tool in (tools if isinstance(tools, list) else ())
        if isinstance(tool, dict) and "input_schema" in tool
    )
    match request.get("tool_choice"):
        case {"type": "any"}:
            return offered, "*"
        case {"type": "tool", "name": str(name)}:
            return offered, name
    return offered, ""


def answer_id(tail: str) -> str:
    """An answer's id as this provider writes them."""
    return f"msg_{tail}"


def answer(answer: Answer) -> JsonObject:
    """The body of a plain answer."""
    (reply,) = answer.replies
    told: JsonObject = {
        "id": answer.answer_id,
        "type": "message",
        "role": "assistant",
        "model": answer.facts.model,
        "content": _content(reply, answer.answer_id),
        "stop_reason": _STOPS[reply.stop],
        "stop_sequence": None,
    }
    if not answer.is_usage_missing:
        told["usage"] = _usage(answer.usage)
    return told


def _content(reply: Reply, answer_id: str) -> list[Json]:
    content: list[Json] = []
    if reply.thinking:
        content.append(
            {"type": "thinking", "thinking": reply.thinking, "signature": "U0lNVUxBVEVE"}
        )
    content.append({"type": "text", "text": reply.text})
    if reply.tool_name:
        content.append(
            {
                "type": "tool_use",
                "id": f"toolu_{answer_id.removeprefix('msg_')}",
                "name": reply.tool_name,
                "input": decode_object(reply.tool_input_json.encode()) or {},
            }
        )
    return content


def _usage(usage: Usage) -> JsonObject:
    written = usage.cache_write_tokens + usage.cache_write_1h_tokens
    told: JsonObject = {
        "input_tokens": usage.input_tokens - usage.cached_input_tokens - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": usage.cached_input_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        },
        "output_tokens": usage.output_tokens,
        "service_tier": "standard",
    }
    if usage.reasoning_tokens:
        told["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return told


def error(status: int, message: str, request_id: str) -> JsonObject:
    """The body of an error."""
    fallback = "invalid_request_error" if status < 500 else "api_error"
    told: JsonObject = {"type": _ERROR_TYPES.get(status, fallback), "message": message}
    return {"type": "error", "error": told, "request_id": request_id}


def error_event(message: str, request_id: str) -> bytes:
    """An overload that shows inside a stream."""
    return sse.event("error", error(529, message, request_id))


def headers(request_id: str, room: Room) -> dict[str, str]:
    """The request's id and what is left of the rate limits."""
    reset = _instant(room.resets_at_s)
    found = {"request-id": request_id}
    for name, limit, left in (
        ("requests", room.requests_limit, room.requests_left),
        ("tokens", room.tokens_limit, room.tokens_left),
        ("input-tokens", room.tokens_limit, room.tokens_left),
        ("output-tokens", room.tokens_limit, room.tokens_left),
    ):
        found[f"anthropic-ratelimit-{name}-limit"] = str(limit)
        found[f"anthropic-ratelimit-{name}-remaining"] = str(left)
        found[f"anthropic-ratelimit-{name}-reset"] = reset
    return found


@lru_cache(maxsize=4)
def _instant(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
