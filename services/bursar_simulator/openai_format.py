"""OpenAI's side: bodies, errors and headers of `/v1/chat/completions`."""

from __future__ import annotations

from typing import Final

from bursar.dialects import openai_chat, sse
from bursar.dialects.body import Json, JsonObject
from bursar.prices.usage import Usage
from bursar_simulator.domain import Reply, Stop
from bursar_simulator.rate_limits import Room
from bursar_simulator.wire_format import Answer, OfferedTool

NAME: Final[str] = "openai"
DIALECT = openai_chat

_ERRORS: dict[int, tuple[str, str | None]] = {
    401: ("invalid_request_error", "invalid_api_key"),
    402: ("billing_error", "credit_balance_exhausted"),
    403: ("invalid_request_error", "permission_denied"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    503: ("service_unavailable_error", "server_is_overloaded"),
}
_STOPS = {Stop.END: "stop", Stop.BOUND: "length", Stop.TOOL: "tool_calls"}


def chat(request: JsonObject) -> JsonObject:
    """The request as it is."""
    return request


def tools_in(request: JsonObject) -> tuple[tuple[OfferedTool, ...], str]:
    """(the tools offered, the name the request forces; `*` for any, empty for none)."""
    tools = request.get("tools")
    offered = tuple(
        OfferedTool(str(function.get("name", "")), function.get("parameters"))
        for tool in (tools if isinstance(tools, list) else ())
        if isinstance(tool, dict) and isinstance(function := tool.get("function"), dict)
    )
    match request.get("tool_choice"):
        case "required":
            return offered, "*"
        case {"function": {"name": str(name)}}:
            return offered, name
    return offered, ""


def answer_id(tail: str) -> str:
    """An answer's id as this provider writes them."""
    return f"chatcmpl-{tail}"


def answer(answer: Answer) -> JsonObject:
    """The body of a plain answer."""
    told: JsonObject = {
        "id": answer.answer_id,
        "object": "chat.completion",
        "created": answer.created_s,
        "model": answer.facts.model,
        "choices": [
            _choice(index, reply, answer.answer_id) for index, reply in enumerate(answer.replies)
        ],
        "system_fingerprint": "fp_simulated",
    }
    if not answer.is_usage_missing:
        told["usage"] = _usage(answer.usage)
    return told


def _choice(index: int, reply: Reply, answer_id: str) -> JsonObject:
    message: JsonObject = {"role": "assistant", "content": reply.text, "refusal": None}
    if reply.tool_name:
        function: JsonObject = {"name": reply.tool_name, "arguments": reply.tool_input_json}
        call_id = f"call_{answer_id.removeprefix('chatcmpl-')}_{index}"
        message["tool_calls"] = [{"id": call_id, "type": "function", "function": function}]
    return {
        "index": index,
        "message": message,
        "logprobs": None,
        "finish_reason": _STOPS[reply.stop],
    }


def _usage(usage: Usage) -> JsonObject:
    prompt: dict[str, Json] = {"cached_tokens": usage.cached_input_tokens, "audio_tokens": 0}
    if usage.cache_write_tokens:
        prompt["cache_write_tokens"] = usage.cache_write_tokens
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def error(status: int, message: str, request_id: str) -> JsonObject:
    """The body of an error."""
    fallback = ("invalid_request_error" if status < 500 else "server_error", None)
    error_type, code = _ERRORS.get(status, fallback)
    return {"error": {"message": message, "type": error_type, "param": None, "code": code}}


def error_event(message: str, request_id: str) -> bytes:
    """An overload that shows inside a stream."""
    return sse.nameless_event(error(503, message, request_id))


def headers(request_id: str, room: Room) -> dict[str, str]:
    """The request's id and what is left of the rate limits."""
    reset = f"{room.resets_in_s}s"
    return {
        "x-request-id": request_id,
        "openai-processing-ms": "1",
        "x-ratelimit-limit-requests": str(room.requests_limit),
        "x-ratelimit-remaining-requests": str(room.requests_left),
        "x-ratelimit-reset-requests": reset,
        "x-ratelimit-limit-tokens": str(room.tokens_limit),
        "x-ratelimit-remaining-tokens": str(room.tokens_left),
        "x-ratelimit-reset-tokens": reset,
    }
