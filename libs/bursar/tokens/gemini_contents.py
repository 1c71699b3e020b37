"""Tokens of a request to Gemini's API (`models/…:generateContent`).

Its prompt is counted as the chat it stands for. Google publishes neither the vocabulary nor the
tokens around turns, so every count is an estimate with the margin of its model's family.
"""

from __future__ import annotations

from bursar.tokens import openai_chat
from bursar.tokens.chat_parts import ChatParts
from bursar.tokens.json_parts import JsonObject, json_text, object_of, objects_in, text_of

_ROLES = {"model": "assistant", "user": "user"}


def take_apart(request: JsonObject, model: str) -> ChatParts:
    """The parts of `request`, never raising: what is malformed the provider will refuse."""
    return openai_chat.take_apart(as_chat(request), model)


def as_chat(request: JsonObject) -> JsonObject:
    """The same prompt as a request of OpenAI's Chat Completions."""
    system = object_of(request.get("systemInstruction") or request.get("system_instruction"))
    messages = [{"role": "system", "content": _content(system)}] if system else []
    messages += [
        {"role": _ROLES.get(text_of(turn.get("role")), "user"), "content": _content(turn)}
        for turn in objects_in(request.get("contents"))
    ]
    chat: JsonObject = {"messages": messages}
    tools = [tool for block in objects_in(request.get("tools")) for tool in _tools(block)]
    if tools:
        chat["tools"] = tools
    return chat


def _content(turn: JsonObject) -> list[JsonObject]:
    return [_part(part) for part in objects_in(turn.get("parts"))]


def _part(part: JsonObject) -> JsonObject:
    data = object_of(part.get("inlineData"))
    if text_of(data.get("mimeType")).startswith("image/"):
        url = f"data:{data['mimeType']};base64,{text_of(data.get('data'))}"
        return {"type": "image_url", "image_url": {"url": url}}
    text = part.get("text")
    return {"type": "text", "text": text if isinstance(text, str) else json_text(part)}


def _tools(block: JsonObject) -> list[JsonObject]:
    declared = objects_in(block.get("functionDeclarations"))
    if not declared:
        return [block]
    return [
        {
            "type": "function",
            "function": {
                "name": function.get("name"),
                "description": function.get("description"),
                "parameters": function.get("parametersJsonSchema") or function.get("parameters"),
            },
        }
        for function in declared
    ]
