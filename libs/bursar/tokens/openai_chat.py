"""Tokens of a request in OpenAI's chat format (`POST /v1/chat/completions`).

| part | tokens | source |
| --- | --- | --- |
| a message | 3 + its role + its text | OpenAI's cookbook, "How to count tokens with tiktoken" |
| a name | 1 + its text | the same |
| the reply's opening | 3 | the same |
| tools | 9 + their TypeScript form | see function_types |
| tools beside a system message | - 4, and a line feed after it | the same |
| `tool_choice` | none: 1; a function: 4 + its name | hmarr/openai-chat-tokens |
| a tool call | 3 + name + arguments | the same, for `function_call`; estimate |
| the role `function` | - 1 | the same |
| an image | tiles or patches | see images; estimate |
| `response_format` with a schema | 10 + the schema's JSON | none is published; estimate |
| a document, a sound | pages, seconds | see attachments; estimate |

The cookbook's counts equal the API's for GPT-3.5, GPT-4 and GPT-4o; for later models the same rule
is assumed and marked as an estimate, with a margin in the bound. What a later API adds and this
does not know counts as its JSON.
"""

from __future__ import annotations

from functools import partial

from bursar.tokens import attachments
from bursar.tokens.chat_parts import ChatParts
from bursar.tokens.families import encoding_for
from bursar.tokens.function_types import namespace_of
from bursar.tokens.image_sizes import size_of_base64
from bursar.tokens.images import openai_image
from bursar.tokens.json_parts import (
    JsonObject,
    json_bytes,
    json_text,
    list_of,
    object_of,
    objects_in,
    text_of,
)

MESSAGE_TOKENS, ROLE_TOKENS, NAME_TOKENS, REPLY_TOKENS = 3, 1, 1, 3
FUNCTION_ROLE_TOKENS = -1
TOOLS_TOKENS, TOOLS_WITH_SYSTEM_TOKENS = 9, -4
TOOL_MARGIN_TOKENS = 8
CALL_TOKENS, CALL_TOKENS_MAX = 3, 12
SCHEMA_TOKENS, SCHEMA_TOKENS_MAX = 10, 60
# Margins of the bound where the framing of messages is not published.
UNPUBLISHED_MESSAGE_TOKENS, UNPUBLISHED_REQUEST_TOKENS = 4, 24
# Each is one token in both vocabularies.
_PLAIN_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


def take_apart(request: JsonObject, model: str) -> ChatParts:
    """The parts of `request`, never raising: what is malformed the provider will refuse."""
    parts = ChatParts()
    messages = objects_in(request.get("messages"))
    functions = _functions(request, parts) if "tools" in request or "functions" in request else []
    system = next((m for m in messages if m.get("role") == "system"), None)
    for message in messages:
        with_tools = functions and message is system
        _add_message(_with_line_feed(message) if with_tools else message, model, parts)
    parts.add_rule(REPLY_TOKENS)
    if functions:
        _add_functions(functions, parts, has_system=system is not None)
    if "tool_choice" in request or "function_call" in request:
        _add_tool_choice(request, parts)
    if "response_format" in request:
        _add_response_format(request, parts)
    if not encoding_for(model).is_framing_published:
        margin_tokens = len(messages) * UNPUBLISHED_MESSAGE_TOKENS + UNPUBLISHED_REQUEST_TOKENS
        parts.add_rule(0, margin_tokens)
        parts.mark_estimate("the tokens around messages are not published for this model")
    return parts


def _add_message(message: JsonObject, model: str, parts: ChatParts) -> None:
    role, content = text_of(message.get("role")), message.get("content")
    if len(message) == 2 and isinstance(content, str) and role in _PLAIN_ROLES:
        # The usual message, told apart because chats are long: 1 us instead of 5.
        parts.blocks.append(content)
        parts.add_rule(MESSAGE_TOKENS + ROLE_TOKENS)
        return
    parts.add_rule(MESSAGE_TOKENS + _role_tokens(role, parts))
    name = text_of(message.get("name"))
    if name:
        parts.add_text(name)
        parts.add_rule(NAME_TOKENS)
    _add_content(content, model, parts)
    parts.add_text(text_of(message.get("refusal")))
    _add_calls(message, parts)


def _role_tokens(role: str, parts: ChatParts) -> int:
    if role in _PLAIN_ROLES:
        return ROLE_TOKENS
    if role == "function":
        return FUNCTION_ROLE_TOKENS
    parts.add_text(role)
    return 0


def _functions(request: JsonObject, parts: ChatParts) -> list[JsonObject]:
    """Function definitions of both generations. Tools of another kind count as their JSON."""
    functions = objects_in(request.get("functions"))
    for tool in objects_in(request.get("tools")):
        function = object_of(tool.get("function"))
        if function:
            functions.append(function)
        else:
            parts.add_text(json_text(tool))
            parts.mark_estimate("a tool that is no function: counted as its JSON")
    return functions


def _add_functions(functions: list[JsonObject], parts: ChatParts, *, has_system: bool) -> None:
    source = b"openai functions" + json_bytes(functions)
    parts.add_rendered(source, partial(namespace_of, functions))
    tokens = TOOLS_TOKENS + (TOOLS_WITH_SYSTEM_TOKENS if has_system else 0)
    parts.add_rule(tokens, TOOLS_TOKENS + len(functions) * TOOL_MARGIN_TOKENS)
    parts.mark_estimate("tool definitions: their form is inferred, not published")


def _with_line_feed(message: JsonObject) -> JsonObject:
    """The first system message before tools; the line feed may join the token before it."""
    content = message.get("content")
    if isinstance(content, str):
        return {**message, "content": content + "\n"}
    return {**message, "content": [*list_of(content), {"type": "text", "text": "\n"}]}


def _add_content(content: object, model: str, parts: ChatParts) -> None:
    if isinstance(content, str):
        parts.add_text(content)
        return
    for part in objects_in(content):
        _add_content_part(part, model, parts)


def _add_content_part(part: JsonObject, model: str, parts: ChatParts) -> None:
    match part.get("type"):
        case "text":
            parts.add_text(text_of(part.get("text")))
        case "refusal":
            parts.add_text(text_of(part.get("refusal")))
        case "image_url":
            image = object_of(part.get("image_url"))
            head, _, data = text_of(image.get("url")).partition(";base64,")
            size = size_of_base64(data) if head.startswith("data:") else None
            detail = text_of(image.get("detail")) or "auto"
            parts.add_part(openai_image(model, size, detail), "images: by the published formula")
        case "input_audio":
            sound = text_of(object_of(part.get("input_audio")).get("data"))
            parts.add_part(attachments.sound(sound), "sound: by its size")
        case "file":
            file = text_of(object_of(part.get("file")).get("file_data"))
            page = openai_image(model, attachments.PAGE_SIZE, "high")
            parts.add_part(attachments.pdf(file.rpartition(",")[2], page), "a file: by its pages")
        case _:
            parts.add_text(json_text(part))
            parts.mark_estimate("an unknown kind of content: counted as its JSON")


def _add_calls(message: JsonObject, parts: ChatParts) -> None:
    calls = objects_in(message.get("tool_calls"))
    functions = [object_of(call.get("function")) or object_of(call.get("custom")) for call in calls]
    legacy = object_of(message.get("function_call"))
    for function in (*functions, *([legacy] if legacy else [])):
        parts.add_text(text_of(function.get("name")))
        parts.add_text(text_of(function.get("arguments")) or text_of(function.get("input")))
        parts.add_rule(CALL_TOKENS, CALL_TOKENS_MAX)
        parts.mark_estimate("tool calls: their framing is inferred, not published")


def _add_tool_choice(request: JsonObject, parts: ChatParts) -> None:
    choice = request.get("tool_choice", request.get("function_call"))
    if choice == "none":
        parts.add_rule(1)
    named = object_of(object_of(choice).get("function")) or object_of(choice)
    if text_of(named.get("name")):
        parts.add_text(text_of(named.get("name")))
        parts.add_rule(4)


def _add_response_format(request: JsonObject, parts: ChatParts) -> None:
    schema = object_of(object_of(request.get("response_format")).get("json_schema"))
    if schema:
        parts.add_text(json_text(schema))
        parts.add_rule(SCHEMA_TOKENS, SCHEMA_TOKENS_MAX)
        parts.mark_estimate("the schema of the answer: counted as its JSON")
