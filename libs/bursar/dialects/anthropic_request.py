"""A call of ours written as a request to Anthropic's Messages API."""

from __future__ import annotations

import re

from bursar.dialects.body import Json, JsonObject, decode_embedded, encode
from bursar.executor.v1 import executor_pb2

# From Opus 4.7 and Sonnet 5 on a `temperature` is answered by 400 ("deprecated for this model").
_TAKES_TEMPERATURE = re.compile(
    r"claude-(?:3|(?:opus|sonnet|haiku)-4(?:-[0-6](?!\d)|-20|$))|(?!claude)"
)


def request(call: executor_pb2.GenerateRequest, is_streaming: bool) -> bytes:
    """The body of a call whose model, bound and messages are set. An absent temperature is 0, and
    none is sent to the models that take none.
    """
    body: JsonObject = {
        "model": call.model,
        "max_tokens": call.max_output_tokens,
        "messages": _messages(call),
    }
    system = "\n\n".join(
        message.text for message in call.messages if message.role == executor_pb2.ROLE_SYSTEM
    )
    if system:
        body["system"] = system
    if _TAKES_TEMPERATURE.match(call.model):
        body["temperature"] = call.temperature
    if call.tools:
        body["tools"] = [_tool(tool) for tool in call.tools]
    if is_streaming:
        body["stream"] = True
    return encode(body)


def _messages(call: executor_pb2.GenerateRequest) -> list[Json]:
    """The turns. Tool results that follow each other are one user turn, as the API wants them."""
    turns: list[Json] = []
    results: list[Json] = []
    for message in call.messages:
        if message.role == executor_pb2.ROLE_TOOL:
            if not results:
                turns.append({"role": "user", "content": results})
            results.append(_result(message))
            continue
        results = []
        if message.role != executor_pb2.ROLE_SYSTEM:
            turns.append(_turn(message))
    return turns


def _turn(message: executor_pb2.Message) -> JsonObject:
    role = "assistant" if message.role == executor_pb2.ROLE_ASSISTANT else "user"
    if not message.tool_calls:
        return {"role": role, "content": message.text}
    blocks: list[Json] = [{"type": "text", "text": message.text}] if message.text else []
    for call in message.tool_calls:
        arguments = decode_embedded(call.arguments_json, "messages.tool_calls.arguments_json")
        block: JsonObject = {"type": "tool_use", "id": call.tool_call_id, "name": call.name}
        blocks.append({**block, "input": arguments})
    return {"role": role, "content": blocks}


def _result(message: executor_pb2.Message) -> JsonObject:
    return {
        "type": "tool_result",
        "tool_use_id": message.tool_call_id,
        "content": message.text,
    }


def _tool(tool: executor_pb2.Tool) -> JsonObject:
    schema = decode_embedded(tool.parameters_json_schema, "tools.parameters_json_schema")
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": schema or {"type": "object"},
    }
