"""Where the texts stand in a message of OpenAI's or Anthropic's format."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Message: TypeAlias = "dict[str, object]"
Rewrite: TypeAlias = "Callable[[str], str]"

# What people and tools said. The system's words are its rules, and a model would take up in its own
# words what it reads there.
REWRITTEN_ROLES = frozenset(("user", "tool", "function"))
_TOOL_ROLES = frozenset(("tool", "function"))
TEXT_PARTS = frozenset(("text", "input_text"))
TOOL_RESULT = "tool_result"


def rewritten(message: Message, rewrite: Rewrite) -> Message:
    """The message with each of its texts rewritten, in order; all else is the same object."""
    content = message.get("content")
    return {**message, "content": _rewritten(content, rewrite)}


def holds_result(message: Message) -> bool:
    """Whether a tool said it, not a person."""
    if message.get("role") in _TOOL_ROLES:
        return True
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return any(isinstance(part, dict) and part.get("type") == TOOL_RESULT for part in parts)


def _rewritten(content: object, rewrite: Rewrite) -> object:
    if isinstance(content, str):
        return rewrite(content)
    if isinstance(content, list):
        return [_rewritten_part(part, rewrite) for part in content]
    return content


def _rewritten_part(part: object, rewrite: Rewrite) -> object:
    if not isinstance(part, dict):
        return part
    if part.get("type") in TEXT_PARTS and isinstance(part.get("text"), str):
        return {**part, "text": rewrite(part["text"])}
    if part.get("type") == TOOL_RESULT:
        return {**part, "content": _rewritten(part.get("content"), rewrite)}
    return part
