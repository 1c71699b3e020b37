"""A call of ours written as a request to OpenAI's Chat Completions API."""

from __future__ import annotations

import re

from bursar.dialects.body import Json, JsonObject, decode_embedded, encode
from bursar.executor.v1 import executor_pb2

# OpenAI's own models take `max_completion_tokens`, and those that reason take nothing else; other
# servers of this format are sure to know only the older `max_tokens`.
_TAKES_COMPLETION_BOUND = re.compile(r"(?:ft:)?(?:gpt-[345]|chatgpt-|o\d)")
# These answer any `temperature` but the default by 400.
_REASONS = re.compile(r"(?:ft:)?(?:gpt-5|o\d)")
_ROLES: dict[int, str] = {
    executor_pb2.ROLE_SYSTEM: "system",
    executor_pb2.ROLE_USER: "user",
    executor_pb2.ROLE_ASSISTANT: "assistant",
    executor_pb2.ROLE_TOOL: "tool",
}


def bound_name(model: str) -> str:
    """The field that bounds an answer of this model."""
    return "max_completion_tokens" if _TAKES_COMPLETION_BOUND.match(model) else "max_tokens"


def takes_temperature(model: str) -> bool:
    """Whether this model takes a temperature; those that reason answer one by 400."""
    return not _REASONS.match(model)


def request(call: executor_pb2.GenerateRequest, is_streaming: bool) -> bytes:
    """The body of a call whose model, bound and messages are set. An absent temperature is 0, and
    none is sent to the models that take none.
    """
    body: JsonObject = {
        "model": call.model,
        "messages": [_message(message) for message in call.messages],
        bound_name(call.model): call.max_output_tokens,
    }
    if takes_temperature(call.model):
        body["temperature"] = call.temperature
    if call.tools:
        body["tools"] = [_tool(tool) for tool in call.tools]
    if is_streaming:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return encode(body)


def _message(message: executor_pb2.Message) -> JsonObject:
    written: JsonObject = {"role": _ROLES.get(message.role, "user"), "content": message.text}
    if message.tool_call_id:
        written["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        written["tool_calls"] = list[Json](_tool_call(call) for call in message.tool_calls)
    return written


def _tool_call(call: executor_pb2.ToolCall) -> JsonObject:
    function: JsonObject = {"name": call.name, "arguments": call.arguments_json or "{}"}
    return {"id": call.tool_call_id, "type": "function", "function": function}


def _tool(tool: executor_pb2.Tool) -> JsonObject:
    schema = decode_embedded(tool.parameters_json_schema, "tools.parameters_json_schema")
    function: JsonObject = {
        "name": tool.name,
        "description": tool.description,
        "parameters": schema or {"type": "object", "properties": {}},
    }
    return {"type": "function", "function": function}
