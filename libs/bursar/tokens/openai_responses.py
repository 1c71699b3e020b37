"""Tokens of a request to OpenAI's Responses API (`POST /v1/responses`).

The same models read the same prompt as behind Chat Completions, so its parts count as the messages
and tools they stand for. What an earlier response brings in by `previous_response_id` is not in the
request and is not counted.
"""

from __future__ import annotations

from bursar.tokens import openai_chat
from bursar.tokens.chat_parts import ChatParts
from bursar.tokens.json_parts import JsonObject, json_text, objects_in, text_of

_PART_TYPES = {"input_text": "text", "output_text": "text"}
_TOOL_FIELDS = ("name", "description", "parameters")


def take_apart(request: JsonObject, model: str) -> ChatParts:
    """The parts of `request`, never raising: what is malformed the provider will refuse."""
    parts = openai_chat.take_apart(as_chat(request), model)
    if request.get("previous_response_id"):
        parts.mark_estimate("what an earlier response brings in is not in the request")
    return parts


def as_chat(request: JsonObject) -> JsonObject:
    """The same prompt as a request of Chat Completions."""
    chat: JsonObject = {"messages": _messages(request)}
    if request.get("tools"):
        chat["tools"] = [_tool(tool) for tool in objects_in(request.get("tools"))]
    return chat


def _messages(request: JsonObject) -> list[JsonObject]:
    messages: list[JsonObject] = []
    if text_of(request.get("instructions")):
        messages.append({"role": "system", "content": request["instructions"]})
    given = request.get("input")
    if isinstance(given, str):
        return [*messages, {"role": "user", "content": given}]
    return messages + [_message(item) for item in objects_in(given)]


def _message(item: JsonObject) -> JsonObject:
    match item.get("type", "message"):
        case "message":
            return {"role": item.get("role", "user"), "content": _content(item.get("content"))}
        case "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            call = {"id": item.get("call_id"), "type": "function", "function": function}
            return {"role": "assistant", "content": None, "tool_calls": [call]}
        case "function_call_output":
            output = item.get("output")
            return {"role": "tool", "content": _content(output)}
    return {"role": "assistant", "content": json_text(item)}


def _content(content: object) -> object:
    if not isinstance(content, list):
        return content
    return [_part(part) for part in objects_in(content)]


def _part(part: JsonObject) -> JsonObject:
    kind = part.get("type")
    if kind == "input_image":
        image = {"url": part.get("image_url"), "detail": part.get("detail", "auto")}
        return {"type": "image_url", "image_url": image}
    return {**part, "type": _PART_TYPES.get(text_of(kind), kind)}


def _tool(tool: JsonObject) -> JsonObject:
    if tool.get("type") != "function":
        return tool
    function = {name: tool[name] for name in _TOOL_FIELDS if name in tool}
    return {"type": "function", "function": function}
