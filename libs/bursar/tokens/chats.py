"""Counting whole chat requests, of any wire format, for any model."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

from bursar.tokens import anthropic_messages, gemini_contents, openai_chat, openai_responses
from bursar.tokens.cache import CountCache
from bursar.tokens.chat_parts import ChatParts
from bursar.tokens.counts import TextMeasure, TokenCount
from bursar.tokens.families import EncodingChoice, encoding_for
from bursar.tokens.json_parts import JsonObject
from bursar.tokens.texts import look_up, measure_all

ChatRequest: TypeAlias = JsonObject
"""The decoded JSON body of a request: dicts, lists, strings, numbers."""

THREAD_BYTES_MIN = 4 * 1024
"""So much text that is not in the cache is counted in a thread: at 5 MB/s, 0.8 ms."""


class ChatFormat(Enum):
    """The wire formats whose requests can be counted."""

    OPENAI_CHAT = "openai-chat"
    ANTHROPIC_MESSAGES = "anthropic-messages"
    OPENAI_RESPONSES = "openai-responses"
    GEMINI = "gemini"


_TAKE_APART: dict[ChatFormat, Callable[[ChatRequest, str], ChatParts]] = {
    ChatFormat.OPENAI_CHAT: openai_chat.take_apart,
    ChatFormat.ANTHROPIC_MESSAGES: anthropic_messages.take_apart,
    ChatFormat.OPENAI_RESPONSES: openai_responses.take_apart,
    ChatFormat.GEMINI: gemini_contents.take_apart,
}


def count_chat(
    request: ChatRequest, model: str, chat_format: ChatFormat, cache: CountCache | None = None
) -> TokenCount:
    """The input tokens of `request`, and a bound of them for holds. Never refuses a request.

    What each part costs, and by which source, stands in the module of its format.
    """
    choice = encoding_for(model)
    parts = _TAKE_APART[chat_format](request, model)
    known, missing = look_up(parts.blocks, choice.name, cache)
    return _counted(parts, choice, measure_all(missing, choice.name, cache, known))


def bound_chat(
    request: ChatRequest, model: str, chat_format: ChatFormat, cache: CountCache | None = None
) -> int:
    """The most input tokens that `request` can come to: for holds under hard limits."""
    return count_chat(request, model, chat_format, cache).bound_tokens


async def count_chat_async(
    request: ChatRequest, model: str, chat_format: ChatFormat, cache: CountCache | None = None
) -> TokenCount:
    """The same beside an event loop: what is new and larger than THREAD_BYTES_MIN goes to a
    thread, which tiktoken lets run freely. Known text and short text never leave the loop.
    """
    choice = encoding_for(model)
    parts = _TAKE_APART[chat_format](request, model)
    known, missing = look_up(parts.blocks, choice.name, cache)
    if sum([len(source) for _, source, _ in missing]) <= THREAD_BYTES_MIN:
        texts = measure_all(missing, choice.name, cache, known)
    else:
        import asyncio  # 40 ms that only callers with a loop have paid already

        texts = await asyncio.to_thread(measure_all, missing, choice.name, cache, known)
    return _counted(parts, choice, texts)


def _counted(parts: ChatParts, choice: EncodingChoice, texts: TextMeasure) -> TokenCount:
    count = choice.count(texts)
    reasons = [count.reason, *parts.estimates] if count.is_estimate else parts.estimates
    tokens = max(0, count.tokens + parts.rule_tokens)
    return TokenCount(
        tokens=tokens,
        bound_tokens=max(tokens, count.bound_tokens + parts.rule_tokens_max),
        is_estimate=bool(reasons),
        reason="; ".join(reasons),
    )
