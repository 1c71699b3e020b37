"""How an endpoint is spoken to: its dialect, and the headers that carry its key."""

from __future__ import annotations

from dataclasses import dataclass

from bursar.dialects import anthropic_messages, openai_chat
from bursar.dialects.body import Json, JsonObject
from bursar.dialects.dialect import Dialect
from bursar.secret import Secret
from bursar.tokens.chats import ChatFormat

ANTHROPIC_VERSION = "2023-06-01"


@dataclass(frozen=True, slots=True)
class Speaking:
    """One wire format as the executor uses it."""

    dialect: Dialect
    chat_format: ChatFormat

    def headers(self, api_key: Secret | None) -> dict[str, str]:
        """The key goes where this provider looks for it."""
        headers = {"content-type": "application/json"}
        if self.chat_format is ChatFormat.ANTHROPIC_MESSAGES:
            headers["anthropic-version"] = ANTHROPIC_VERSION
            if api_key is not None:
                headers["x-api-key"] = api_key.reveal_text()
        elif api_key is not None:
            headers["authorization"] = f"Bearer {api_key.reveal_text()}"
        return headers

    def text_delta(self, event: JsonObject) -> str:
        """The words one event of a stream adds; empty for events of another kind."""
        if self.chat_format is ChatFormat.ANTHROPIC_MESSAGES:
            return _text_of(event.get("delta"), "text")
        choices = event.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        return _text_of(first.get("delta"), "content") if isinstance(first, dict) else ""


def _text_of(delta: Json, name: str) -> str:
    text = delta.get(name) if isinstance(delta, dict) else None
    return text if isinstance(text, str) else ""


ANTHROPIC = Speaking(anthropic_messages, ChatFormat.ANTHROPIC_MESSAGES)
OPENAI = Speaking(openai_chat, ChatFormat.OPENAI_CHAT)

BY_NAME = {"anthropic": ANTHROPIC, "openai": OPENAI}
