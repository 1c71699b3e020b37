"""What a single call is told to simulate: faults, delays, tool calls, lengths.

Written as `name=value; name; …` in the header `x-simulate`, in a fault set beforehand, or in the
last user message as `[simulate: …]`, which passes through any gateway.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from bursar.errors import InvalidRequest

HEADER = "x-simulate"
WAIT_S_MAX = 600.0
_IN_TEXT = re.compile(r"\[simulate:([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Directive:
    """Everything left out is as a provider in good health would have it."""

    status: int = 0
    """Answer with this error status."""
    retry_after_s: int = -1
    """The header `retry-after` of an error."""
    first_byte_s: float = -1.0
    """Wait so long before the first byte."""
    chunk_s: float = -1.0
    """Wait so long before each further event of a stream."""
    is_never_answered: bool = False
    """Take the request and say nothing."""
    cut_after_events: int = -1
    """Break the connection after so many events of a stream."""
    error_after_events: int = -1
    """Send an error inside the stream after so many events, and end."""
    overbill_tokens: int = 0
    """Report so many output tokens above the request's own bound."""
    is_usage_missing: bool = False
    """Report no usage at all, as some servers of OpenAI's format do."""
    tokens: int = 0
    """An answer of about so many output tokens."""
    is_tool_used: bool = False
    """Call a tool: `tool` by name, else the first one offered."""
    tool: str = ""
    tool_input: str = ""
    """The JSON object to call it with, else one made from its schema."""
    is_thinking: bool = False
    """Think first: shown by Anthropic, hidden but counted by OpenAI."""


# As people write them.
_FLAGS = {
    "never": "is_never_answered",
    "no_usage": "is_usage_missing",
    "tool_use": "is_tool_used",
    "thinking": "is_thinking",
}
_VALUES = {field.name: field.type for field in fields(Directive) if field.type != "bool"}


def parse(text: str) -> Directive:
    """Raises InvalidRequest naming what it does not know, with all that it does."""
    told: dict[str, object] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name in _FLAGS:
            told[_FLAGS[name]] = True
        elif name in _VALUES:
            told[name] = _value(name, value)
        else:
            known = ", ".join((*_FLAGS, *_VALUES))
            raise InvalidRequest.of(HEADER, name, f"use one of {known}")
    if told.get("tool"):
        told["is_tool_used"] = True
    return Directive(**told)  # type: ignore[arg-type]  # each was made by its field's type


def in_text(text: str) -> str:
    """The directive that a user message carries; empty for none."""
    found = _IN_TEXT.search(text) if "[simulate:" in text else None
    return found[1] if found else ""


def without_directive(text: str) -> str:
    """The message itself."""
    return _IN_TEXT.sub("", text)


def _value(name: str, value: str) -> object:
    kind = _VALUES[name]
    try:
        if kind == "int":
            return _within(name, int(value), 10**9)
        if kind == "float":
            return _within(name, float(value), WAIT_S_MAX)
    except ValueError:
        raise InvalidRequest.of(f"{HEADER}.{name}", value, "give a number from 0") from None
    return value


def _within(name: str, value: float, value_max: float) -> float:
    if not 0 <= value <= value_max:
        raise InvalidRequest.of(f"{HEADER}.{name}", value, f"give 0 to {value_max:g}")
    return value
