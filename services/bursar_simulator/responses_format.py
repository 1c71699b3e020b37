"""OpenAI's side of the Responses API: bodies of `/v1/responses`."""

from __future__ import annotations

from typing import Final, cast

from bursar.dialects import openai_responses, sse
from bursar.dialects.body import Json, JsonObject
from bursar.prices.usage import Usage
from bursar.tokens import openai_responses as prompts
from bursar_simulator.domain import Reply, Stop
from bursar_simulator.openai_format import error, headers
from bursar_simulator.wire_format import Answer, OfferedTool

__all__ = [
    "DIALECT",
    "NAME",
    "answer",
    "answer_id",
    "chat",
    "error",
    "error_event",
    "headers",
    "tools_in",
]

NAME: Final[str] = "openai-responses"
DIALECT = openai_responses


def chat(request: JsonObject) -> JsonObject:
    """The request with its turns as messages."""
    return cast(JsonObject, prompts.as_chat(request))


def tools_in(request: JsonObject) -> tuple[tuple[OfferedTool, ...], str]:
    """(the tools offered, the name the request forces; `*` for any, empty for none)."""
    tools = request.get("tools")
    offered = tuple(
        OfferedTool(str(tool.get("name", "")), tool.get("parameters"))
        for tool in (tools if isinstance(tools, list) else ())
        if isinstance(tool, dict) and tool.get("type") == "function"
    )
    match request.get("tool_choice"):
        case "required":
            return offered, "*"
        case {"type": "function", "name": str(name)}:
            return offered, name
    return offered, ""


def answer_id(tail: str) -> str:
    """An answer's id as this provider writes them."""
    return f"resp_{tail}"


def answer(answer: Answer) -> JsonObject:
    """The body of a plain answer."""
    (reply,) = answer.replies
    is_cut = reply.stop is Stop.BOUND
    told: JsonObject = {
        "id": answer.answer_id,
        "object": "response",
        "created_at": answer.created_s,
        "status": "incomplete" if is_cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "model": answer.facts.model,
        "output": _output(reply, answer.answer_id.removeprefix("resp_")),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    if not answer.is_usage_missing:
        told["usage"] = _usage(answer.usage)
    return told


def _output(reply: Reply, tail: str) -> list[Json]:
    output: list[Json] = []
    if reply.thinking:
        summary: JsonObject = {"type": "summary_text", "text": reply.thinking}
        output.append({"type": "reasoning", "id": f"rs_{tail}", "summary": [summary]})
    text: JsonObject = {"type": "output_text", "text": reply.text, "annotations": []}
    said: JsonObject = {"type": "message", "id": f"msg_{tail}", "role": "assistant"}
    output.append({**said, "status": "completed", "content": [text]})
    if reply.tool_name:
        call: JsonObject = {"type": "function_call", "id": f"fc_{tail}", "call_id": f"call_{tail}"}
        made: JsonObject = {"name": reply.tool_name, "arguments": reply.tool_input_json}
        output.append({**call, **made, "status": "completed"})
    return output


def _usage(usage: Usage) -> JsonObject:
    given: dict[str, Json] = {"cached_tokens": usage.cached_input_tokens}
    if usage.cache_write_tokens:
        given["cache_write_tokens"] = usage.cache_write_tokens
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": given,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def error_event(message: str, request_id: str) -> bytes:
    """An overload that shows inside a stream."""
    told = error(503, message, request_id)["error"]
    assert isinstance(told, dict)
    return sse.event("error", {**told, "type": "error", "sequence_number": 0})
