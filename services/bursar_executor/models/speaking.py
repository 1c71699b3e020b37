"""The wire formats of endpoints, by the name an endpoint speaks, and the headers of a request."""

from __future__ import annotations

from bursar.dialects import anthropic_messages, gemini, openai_chat, openai_responses
from bursar.dialects.dialect import Dialect
from bursar.secret import Secret

DIALECTS: dict[str, Dialect] = {
    "anthropic": anthropic_messages,
    "openai": openai_chat,
    "openai-responses": openai_responses,
    "gemini": gemini,
}
ANTHROPIC_VERSION = "2023-06-01"


def headers(dialect: Dialect, api_key: Secret | None) -> dict[str, str]:
    """What a request carries beside its body. The API version is Anthropic's; others ignore it."""
    carried = {"content-type": "application/json", "anthropic-version": ANTHROPIC_VERSION}
    if api_key is not None:
        carried.update(dialect.credentials(api_key.reveal_text()))
    return carried
