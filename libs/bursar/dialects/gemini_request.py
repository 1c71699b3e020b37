"""A call of ours written as a request to Gemini's API."""

from __future__ import annotations

from bursar.dialects.body import Json, JsonObject, decode_embedded, encode
from bursar.executor.v1 import executor_pb2


def request(call: executor_pb2.GenerateRequest, is_streaming: bool) -> bytes:
    """The body of a call whose bound and messages are set; the model and whether it streams stand
    in the address. An absent temperature is 0.
    """
    body: JsonObject = {
        "contents": _turns(call),
        "generationConfig": {
            "maxOutputTokens": call.max_output_tokens,
            "temperature": call.temperature,
        },
    }
    system: list[Json] = [
        {"text": message.text}
        for message in call.messages
        if message.role == executor_pb2.ROLE_SYSTEM
    ]
    if system:
        body["systemInstruction"] = {"parts": system}
    if call.tools:
        body["tools"] = [{"functionDeclarations": [_tool(tool) for tool in call.tools]}]
    return encode(body)


def _turns(call: executor_pb2.GenerateRequest) -> list[Json]:
    """The turns. Tool results that follow each other are one, and bear the name of their call."""
    names = {made.tool_call_id: made.name for turn in call.messages for made in turn.tool_calls}
    turns: list[Json] = []
    results: list[Json] = []
    for message in call.messages:
        if message.role == executor_pb2.ROLE_TOOL:
            if not results:
                turns.append({"role": "user", "parts": results})
            results.append(_result(message, names.get(message.tool_call_id, "")))
            continue
        results = []
        if message.role != executor_pb2.ROLE_SYSTEM:
            turns.append(_turn(message))
    return turns


def _turn(message: executor_pb2.Message) -> JsonObject:
    role = "model" if message.role == executor_pb2.ROLE_ASSISTANT else "user"
    parts: list[Json] = [{"text": message.text}] if message.text or not message.tool_calls else []
    for call in message.tool_calls:
        arguments = decode_embedded(call.arguments_json, "messages.tool_calls.arguments_json")
        made: JsonObject = {"id": call.tool_call_id, "name": call.name, "args": arguments}
        parts.append({"functionCall": made})
    return {"role": role, "parts": parts}


def _result(message: executor_pb2.Message, name: str) -> JsonObject:
    told: JsonObject = {"id": message.tool_call_id, "name": name}
    return {"functionResponse": {**told, "response": {"output": message.text}}}


def _tool(tool: executor_pb2.Tool) -> JsonObject:
    schema = decode_embedded(tool.parameters_json_schema, "tools.parameters_json_schema")
    declared: JsonObject = {"name": tool.name, "description": tool.description}
    return {**declared, "parametersJsonSchema": schema} if schema else declared
