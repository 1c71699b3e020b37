"""Tokens of a request in Anthropic's message format (`POST /v1/messages`).

| part | tokens | source |
| --- | --- | --- |
| the request | 7, at most 16 | Anthropic's page on token counting: its first example gives 14 |
| a further message | 4, at most 8 | inferred from the same frame |
| tools at all | a prompt of 264 to 804 by model and choice | Anthropic's table on tool use |
| a tool | its name, description and schema as JSON + 8 | inferred |
| a tool of Anthropic's own | 245 to 735 by kind, else 1,000 | Anthropic's table on tool use |
| a tool call, a tool result | name and input as JSON, the content, + 12 each | inferred |
| an image | patches | see images |
| a document | pages | see attachments |

All of it is an estimate, for Claude's tokeniser is not public; what is inferred has a margin in the
bound. Thinking of earlier turns counts as text: models that drop it cost less. What a later API
adds and this does not know counts as its JSON. Marks for the prompt cache cost nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bursar.tokens import attachments
from bursar.tokens.chat_parts import ChatParts
from bursar.tokens.counts import PartTokens
from bursar.tokens.image_sizes import size_of_base64
from bursar.tokens.images import anthropic_image
from bursar.tokens.json_parts import (
    JsonObject,
    json_bytes,
    json_text,
    object_of,
    objects_in,
    text_of,
)

REQUEST_TOKENS, REQUEST_TOKENS_MAX = 7, 16
MESSAGE_TOKENS, MESSAGE_TOKENS_MAX = 4, 8
TOOL_TOKENS, TOOL_TOKENS_MAX = 8, 40
CALL_TOKENS, CALL_TOKENS_MAX = 12, 60
OPAQUE_CHARACTERS_PER_TOKEN = 4

# Tokens of the prompt that enables tools: (choice auto or none, choice any or a tool).
# The first pattern that is found decides.
_TOOL_PROMPTS: tuple[tuple[str, tuple[int, int]], ...] = (
    (r"opus-4[.-]8", (290, 410)),
    (r"opus-4[.-]7", (675, 804)),
    (r"(?:opus|sonnet)-4[.-]6", (497, 589)),
    (r"(?:opus|sonnet|haiku)-4[.-]5", (496, 588)),
    (r"sonnet-5", (354, 474)),
    (r"(?:opus|sonnet)-4", (313, 315)),
    (r"haiku", (264, 355)),
)
# The dearest of the table, for models that it does not list and for tables that change.
TOOL_PROMPT_TOKENS_MAX = 804
UNKNOWN_TOOL_PROMPT = (354, 474)
# Tools that Anthropic defines, by the start of their type.
_OWN_TOOLS = (("bash", 245), ("text_editor", 700), ("computer", 735))
OTHER_OWN_TOOL_TOKENS, OWN_TOOL_TOKENS_MAX = 1_000, 4_000


def take_apart(request: JsonObject, model: str) -> ChatParts:
    """The parts of `request`, never raising: what is malformed the provider will refuse."""
    parts = ChatParts()
    parts.add_rule(REQUEST_TOKENS, REQUEST_TOKENS_MAX)
    _add_content(request.get("system"), model, parts)
    messages = objects_in(request.get("messages"))
    further = max(0, len(messages) - 1)
    parts.add_rule(further * MESSAGE_TOKENS, further * MESSAGE_TOKENS_MAX)
    for message in messages:
        _add_content(message.get("content"), model, parts)
    _add_tools(request, model, parts)
    _add_output_format(request, parts)
    return parts


def _add_content(content: object, model: str, parts: ChatParts) -> None:
    """A string, or blocks of many kinds."""
    if isinstance(content, str):
        parts.add_text(content)
        return
    for block in objects_in(content):
        _add_block(block, model, parts)


def _add_block(block: JsonObject, model: str, parts: ChatParts) -> None:
    match block.get("type"):
        case "text":
            parts.add_text(text_of(block.get("text")))
        case "image":
            parts.add_part(_image(block, model), "images: by the published formula")
        case "document":
            _add_document(block, model, parts)
        case "tool_use" | "server_tool_use" | "mcp_tool_use":
            parts.add_text(text_of(block.get("name")))
            parts.add_text(json_text(block.get("input", {})))
            parts.add_rule(CALL_TOKENS, CALL_TOKENS_MAX)
        case "tool_result" | "mcp_tool_result":
            _add_content(block.get("content"), model, parts)
            parts.add_rule(CALL_TOKENS, CALL_TOKENS_MAX)
        case "thinking":
            parts.add_text(text_of(block.get("thinking")))
        case "redacted_thinking":
            characters = len(text_of(block.get("data")))
            parts.add_rule(characters // OPAQUE_CHARACTERS_PER_TOKEN, characters)
        case _:
            parts.add_text(json_text(_without_cache_marks(block)))


def _image(block: JsonObject, model: str) -> PartTokens:
    source = object_of(block.get("source"))
    data = text_of(source.get("data")) if source.get("type") == "base64" else ""
    return anthropic_image(model, size_of_base64(data) if data else None)


def _add_document(block: JsonObject, model: str, parts: ChatParts) -> None:
    source = object_of(block.get("source"))
    parts.add_text(text_of(block.get("title")))
    parts.add_text(text_of(block.get("context")))
    match source.get("type"):
        case "text":
            parts.add_text(text_of(source.get("data")))
        case "content":
            _add_content(source.get("content"), model, parts)
        case kind:
            data = text_of(source.get("data")) if kind == "base64" else ""
            page = anthropic_image(model, attachments.PAGE_SIZE)
            parts.add_part(attachments.pdf(data, page), "documents: by their pages")


def _add_tools(request: JsonObject, model: str, parts: ChatParts) -> None:
    tools = objects_in(request.get("tools"))
    if not tools:
        return
    choice = object_of(request.get("tool_choice")).get("type")
    by_choice = _tool_prompt(model)[choice in ("any", "tool")]
    parts.add_rule(by_choice, TOOL_PROMPT_TOKENS_MAX)
    described = [_without_cache_marks(tool) for tool in tools if "input_schema" in tool]
    if described:
        source = json_bytes(described)
        parts.add_rendered(source, source.decode)
        parts.add_rule(len(described) * TOOL_TOKENS, len(described) * TOOL_TOKENS_MAX)
    for tool in tools:
        if "input_schema" not in tool:
            parts.add_rule(_own_tool_tokens(text_of(tool.get("type"))), OWN_TOOL_TOKENS_MAX)


@lru_cache(maxsize=256)
def _tool_prompt(model: str) -> tuple[int, int]:
    name = model.lower()
    return next(
        (tokens for pattern, tokens in _TOOL_PROMPTS if re.search(pattern, name)),
        UNKNOWN_TOOL_PROMPT,
    )


def _own_tool_tokens(kind: str) -> int:
    return next(
        (tokens for start, tokens in _OWN_TOOLS if kind.startswith(start)), OTHER_OWN_TOOL_TOKENS
    )


def _add_output_format(request: JsonObject, parts: ChatParts) -> None:
    """A schema for the answer, in the place of today or of its beta."""
    config = object_of(request.get("output_config"))
    schema = object_of(config.get("format")) or object_of(request.get("output_format"))
    if schema:
        parts.add_text(json_text(schema))
        parts.add_rule(TOOL_TOKENS, TOOL_PROMPT_TOKENS_MAX)


def _without_cache_marks(block: JsonObject) -> JsonObject:
    if "cache_control" not in block:
        return block
    return {name: value for name, value in block.items() if name != "cache_control"}
