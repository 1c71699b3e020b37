"""What each answer of a request is to be, read from the request and its directive."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from bursar.dialects.body import JsonObject, encode
from bursar.dialects.dialect import RequestFacts
from bursar_simulator import tool_inputs
from bursar_simulator.directive import Directive, without_directive
from bursar_simulator.domain import ABOUT_CHARACTERS_MAX, Wish
from bursar_simulator.wire_format import WireFormat

OUTPUT_TOKENS_DEFAULT = 4_096
"""The bound of an answer whose request sets none, as OpenAI allows."""
ABOUT_WORDS_MAX = 6
_SYSTEM_ROLES = ("system", "developer")


def wishes_of(wire_format: WireFormat, facts: RequestFacts, told: Directive) -> tuple[Wish, ...]:
    """One for each answer asked for. What changes no answer changes no seed."""
    seed = sha256(wire_format.DIALECT.canonical_key_form(facts)).digest()
    name, input_json = _tool_call(wire_format, facts, told)
    first = Wish(
        seed=seed,
        about=_about(wire_format.chat(facts.body)),
        bound_tokens=facts.max_output_tokens or OUTPUT_TOKENS_DEFAULT,
        target_tokens=told.tokens,
        tool_name=name,
        tool_input_json=input_json,
        is_thinking=told.is_thinking,
    )
    further = (sha256(seed + b"%d" % place).digest() for place in range(1, facts.answers))
    return (first, *(replace(first, seed=other) for other in further))


def last_words(chat: JsonObject) -> list[str]:
    """The texts of the last message if a user wrote it: where a directive may stand. System
    messages that clients put after it are passed over.
    """
    messages = chat.get("messages")
    turns = (
        [turn for turn in messages if isinstance(turn, dict)] if isinstance(messages, list) else []
    )
    last = next((turn for turn in reversed(turns) if turn.get("role") not in _SYSTEM_ROLES), {})
    if last.get("role") != "user":
        return []
    content = last.get("content")
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict)]
    return [text for text in texts if isinstance(text, str)]


def _about(chat: JsonObject) -> str:
    """The beginning of what the user said last: clients put reminders of their own before it."""
    words = without_directive(" ".join(last_words(chat)[-1:])).split()
    return " ".join(words[:ABOUT_WORDS_MAX])[:ABOUT_CHARACTERS_MAX]


def _tool_call(wire_format: WireFormat, facts: RequestFacts, told: Directive) -> tuple[str, str]:
    """(name, input as JSON) of the call to make; empty for none."""
    offered, forced = wire_format.tools_in(facts.body)
    if not offered or not (told.is_tool_used or forced):
        return "", ""
    wanted = told.tool or forced
    tool = next((tool for tool in offered if tool.name == wanted), offered[0])
    input_json = told.tool_input or encode(tool_inputs.made_from(tool.schema)).decode()
    return tool.name, input_json
