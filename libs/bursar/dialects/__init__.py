"""The providers' wire formats as pure code: facts, keys, usage, streams and errors of each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bursar.dialects import anthropic_messages, openai_chat, openai_responses
from bursar.dialects.dialect import Dialect

BY_PATH: Mapping[str, Dialect] = MappingProxyType(
    {
        anthropic_messages.PATH: anthropic_messages,
        openai_chat.PATH: openai_chat,
        openai_responses.PATH: openai_responses,
    }
)
