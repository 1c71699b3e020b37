"""A call of ours written as a request to OpenAI's Responses API."""

from __future__ import annotations

from bursar.dialects.body import Json, JsonObject, decode_embedded, encode
from bursar.dialects.openai_request import takes_temperature
from bursar.executor.v1 import executor_pb2


def request(call: executor_pb2.GenerateRequest, is_streaming: bool) -> bytes:
    """The body of a call whose model, bound and messages are set. Nothing of it is stored at the
    provider. An absent temperature is 0, and none is sent to the models that take none.
    """
    body: JsonObject = {
        "model": call.model,
        "input": [item for message in call.messages for item in _items(message)],
        "max_output_tokens": call.max_output_tokens,
        "store": False,
    }
    system = "\n\n".join(
        message.text for message in call.messages if message.role == executor_pb2.ROLE_SYSTEM
    )
    if system:
        body["instructions"] = system
    if takes_temperature(call.model):
        body["temperature"] = call.temperature
    if call.tools:
        body["tools"] = [_tool(tool) for tool in call.tools]
    if is_streaming:
        body["stream"] = True
    return encode(body)


def _items(message: executor_pb2.Message) -> list[JsonObject]:
    """One message as its items: words and calls stand beside each other here."""
    match message.role:
        case executor_pb2.ROLE_SYSTEM:
            return []
        case executor_pb2.ROLE_TOOL:
            result: JsonObject = {"type": "function_call_output", "call_id": message.tool_call_id}
            return [{**result, "output": message.text}]
        case executor_pb2.ROLE_ASSISTANT:
            said: list[JsonObject] = [_said("assistant", message.text)] if message.text else []
            return said + [_call(call) for call in message.tool_calls]
    return [_said("user", message.text)]


def _said(role: str, text: str) -> JsonObject:
    return {"type": "message", "role": role, "content": text}


def _call(call: executor_pb2.ToolCall) -> JsonObject:
    return {
        "type": "function_call",
        "call_id": call.tool_call_id,
        "name": call.name,
        "arguments": call.arguments_json or "{}",
    }


def _tool(tool: executor_pb2.Tool) -> JsonObject:
    schema = decode_embedded(tool.parameters_json_schema, "tools.parameters_json_schema")
    empty: dict[str, Json] = {"type": "object", "properties": {}}
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": schema or empty,
        "strict": False,
    }
