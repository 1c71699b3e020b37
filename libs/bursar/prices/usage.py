"""What a call used, in one shape, from what each provider reports of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import cast

import msgspec

from bursar.errors import InvalidRequest

TOKENS_MAX = 2**63 - 1
_OBJECTS = (dict, Mapping)  # what is a dict is known at once, anything else has to be asked


# A struct: one is made for every call, and a frozen dataclass of this size takes four times as
# long.
class Usage(msgspec.Struct, frozen=True):
    """Tokens of one call, or of `requests` calls together.

    `input_tokens` is the total: what was read from the provider's cache and what was written to it,
    for its short or its one-hour lifetime, are parts of it and do not overlap. `reasoning_tokens`
    are part of the output. `unpriced_units` names what was used besides, such as `web_searches`.
    Raises InvalidRequest when a part exceeds its total or anything is below zero.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    requests: int = 1
    unpriced_units: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        cached, written = self.cached_input_tokens, self.cache_write_tokens
        written_1h, reasoning = self.cache_write_1h_tokens, self.reasoning_tokens
        if cached + written + written_1h > self.input_tokens:
            raise InvalidRequest.of(
                "input_tokens",
                self.input_tokens,
                f"give the total: its cached parts are {cached + written + written_1h}",
            )
        if reasoning > self.output_tokens:
            raise InvalidRequest.of(
                "output_tokens",
                self.output_tokens,
                f"give the total: its reasoning is {reasoning}",
            )
        smallest = min(cached, written, written_1h, reasoning, self.requests)
        if smallest < 0:
            raise InvalidRequest.of("usage", smallest, "give counts of at least 0")

    @property
    def uncached_input_tokens(self) -> int:
        """The input that is billed at the plain rate."""
        return (
            self.input_tokens
            - self.cached_input_tokens
            - self.cache_write_tokens
            - self.cache_write_1h_tokens
        )


class ProviderFormat(Enum):
    """Whose shape a usage object has."""

    ANTHROPIC_MESSAGES = "anthropic-messages"
    OPENAI_CHAT = "openai-chat"
    OPENAI_RESPONSES = "openai-responses"
    GEMINI = "gemini"


def usage_from_provider(provider_format: ProviderFormat, usage: Mapping[str, object]) -> Usage:
    """The usage object of a response, in one shape. Optional fields may be missing or null.

    Anthropic's `input_tokens` leave out what the cache gave and took, OpenAI's counts include both.
    Agrees with genai-prices' `extract_usage`, which is several times slower; a test compares them.
    Raises InvalidRequest, naming the field, for what is no such object.
    """
    if not isinstance(usage, _OBJECTS):
        raise InvalidRequest.of("usage", type(usage).__name__, "give the usage object")
    return _READERS[provider_format](usage)


def _anthropic(usage: Mapping[str, object]) -> Usage:
    read = _count(usage, "cache_read_input_tokens")
    written = _count(usage, "cache_creation_input_tokens")
    uncached = _required(usage, "input_tokens")
    output = _required(usage, "output_tokens")
    for step in _compactions(usage):
        # The totals leave out what the provider spent on compacting the context, which is billed.
        read += _count(step, "cache_read_input_tokens")
        written += _count(step, "cache_creation_input_tokens")
        uncached += _count(step, "input_tokens")
        output += _count(step, "output_tokens")
    written_1h = _count(_object(usage, "cache_creation"), "ephemeral_1h_input_tokens")
    written = max(written, written_1h)
    searches = _count(_object(usage, "server_tool_use"), "web_search_requests")
    return Usage(
        input_tokens=uncached + read + written,
        cached_input_tokens=read,
        cache_write_tokens=written - written_1h,
        cache_write_1h_tokens=written_1h,
        output_tokens=output,
        reasoning_tokens=_count(_object(usage, "output_tokens_details"), "thinking_tokens"),
        unpriced_units=("web_searches",) if searches else (),
    )


def _openai_chat(usage: Mapping[str, object]) -> Usage:
    given = _object(usage, "prompt_tokens_details")
    made = _object(usage, "completion_tokens_details")
    return Usage(
        input_tokens=_required(usage, "prompt_tokens"),
        cached_input_tokens=_count(given, "cached_tokens"),
        cache_write_tokens=_count(given, "cache_write_tokens"),
        output_tokens=_required(usage, "completion_tokens"),
        reasoning_tokens=_count(made, "reasoning_tokens"),
        unpriced_units=_sounds(given, made),
    )


def _openai_responses(usage: Mapping[str, object]) -> Usage:
    given = _object(usage, "input_tokens_details")
    made = _object(usage, "output_tokens_details")
    return Usage(
        input_tokens=_required(usage, "input_tokens"),
        cached_input_tokens=_count(given, "cached_tokens"),
        cache_write_tokens=_count(given, "cache_write_tokens"),
        output_tokens=_required(usage, "output_tokens"),
        reasoning_tokens=_count(made, "reasoning_tokens"),
        unpriced_units=_sounds(given, made),
    )


def _gemini(usage: Mapping[str, object]) -> Usage:
    """Thoughts stand beside the answer, what tools of Google's own brought beside the prompt."""
    thoughts = _count(usage, "thoughtsTokenCount")
    return Usage(
        input_tokens=_required(usage, "promptTokenCount")
        + _count(usage, "toolUsePromptTokenCount"),
        cached_input_tokens=_count(usage, "cachedContentTokenCount"),
        output_tokens=_count(usage, "candidatesTokenCount") + thoughts,
        reasoning_tokens=thoughts,
    )


_READERS: dict[ProviderFormat, Callable[[Mapping[str, object]], Usage]] = {
    ProviderFormat.ANTHROPIC_MESSAGES: _anthropic,
    ProviderFormat.OPENAI_CHAT: _openai_chat,
    ProviderFormat.OPENAI_RESPONSES: _openai_responses,
    ProviderFormat.GEMINI: _gemini,
}
_NOTHING: Mapping[str, object] = {}


def _compactions(usage: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Source: the docstring of `iterations` in the official SDK's BetaUsage."""
    steps = usage.get("iterations")
    if not isinstance(steps, list):
        return []
    return [s for s in steps if isinstance(s, Mapping) and s.get("type") == "compaction"]


def _sounds(given: Mapping[str, object], made: Mapping[str, object]) -> tuple[str, ...]:
    heard = ("input_audio_tokens",) if _count(given, "audio_tokens") else ()
    spoken = ("output_audio_tokens",) if _count(made, "audio_tokens") else ()
    return heard + spoken


def _object(usage: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = usage.get(name)
    if value is None:
        return _NOTHING
    if not isinstance(value, _OBJECTS):
        raise InvalidRequest.of(name, type(value).__name__, "give an object, or leave it out")
    return cast("Mapping[str, object]", value)


def _required(usage: Mapping[str, object], name: str) -> int:
    if usage.get(name) is None:
        raise InvalidRequest.of(name, "missing", "give the count that the provider reported")
    return _count(usage, name)


def _count(usage: Mapping[str, object], name: str) -> int:
    value = usage.get(name)
    if value is None:
        return 0
    if type(value) is int and 0 <= value <= TOKENS_MAX:
        return value
    if isinstance(value, float) and value.is_integer() and 0 <= value <= TOKENS_MAX:
        return int(value)
    raise InvalidRequest.of(name, value, "give a whole number of tokens, at least 0")
