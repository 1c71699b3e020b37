"""What a provider says a call used, found in its answers and events and brought into one shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import msgspec

from bursar.errors import InvalidRequest
from bursar.prices.usage import TOKENS_MAX, ProviderFormat, Usage, usage_from_provider

UsageObject: TypeAlias = "Mapping[str, Any]"


class Delta(msgspec.Struct):
    """How a message of Anthropic's ended."""

    stop_reason: str | None = None


class Opened(msgspec.Struct):
    """The message that Anthropic's `message_start` opens."""

    id: str = ""
    model: str = ""
    usage: dict[str, Any] | None = None


class Told(msgspec.Struct):
    """What is read of a response, chunk or event of either format that carries usage."""

    id: str = ""
    model: str = ""
    usage: dict[str, Any] | None = None
    message: Opened | None = None
    delta: Delta | None = None


Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=TOKENS_MAX)]


class _PromptDetails(msgspec.Struct):
    cached_tokens: Count = 0
    cache_write_tokens: Count = 0
    audio_tokens: Count = 0


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: Count = 0
    audio_tokens: Count = 0


class _OpenAiUsage(msgspec.Struct):
    """The usual usage object: whole numbers, nothing null."""

    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count = 0
    prompt_tokens_details: _PromptDetails = msgspec.field(default_factory=_PromptDetails)
    completion_tokens_details: _CompletionDetails = msgspec.field(
        default_factory=_CompletionDetails
    )


_TOLD = msgspec.json.Decoder(Told)
NOTHING_TOLD = Told()


def told_by(data: bytes) -> Told:
    """What a response or event says of itself; NOTHING_TOLD when it cannot be read."""
    try:
        return _TOLD.decode(data)
    except msgspec.DecodeError:
        return NOTHING_TOLD


def newest(known: UsageObject, newer: UsageObject | None) -> UsageObject:
    """Usage that several events report is a running total: the newest count holds, and what an
    event leaves out stays.
    """
    told = (newer or {}).items()
    return {**known, **{name: value for name, value in told if value is not None}}


def anthropic_usage(reported: UsageObject | None) -> Usage | None:
    """None for what is no usage object. A part never exceeds its whole."""
    if reported is None:
        return None
    details = reported.get("output_tokens_details")
    if isinstance(details, dict):
        details = _capped(details, {"thinking_tokens": reported.get("output_tokens")})
        reported = {**reported, "output_tokens_details": details}
    return _read(ProviderFormat.ANTHROPIC_MESSAGES, reported)


def openai_usage(reported: UsageObject | None) -> Usage | None:
    """None for what is no usage object. A part never exceeds its whole.

    Some servers of this format leave their reasoning out of `completion_tokens` but not out of the
    total, and bill it: the larger of the two readings of the output holds.
    """
    if reported is None:
        return None
    return _usual_openai_usage(reported) or _tidied_openai_usage(reported)


def responses_usage(reported: UsageObject | None) -> Usage | None:
    """The same of OpenAI's Responses API, whose counts include their parts."""
    if reported is None:
        return None
    room = {"cached_tokens": reported.get("input_tokens")}
    made = {"reasoning_tokens": reported.get("output_tokens")}
    capped = {
        name: _capped(details, most)
        for name, most in (("input_tokens_details", room), ("output_tokens_details", made))
        if isinstance(details := reported.get(name), dict)
    }
    return _read(ProviderFormat.OPENAI_RESPONSES, {**reported, **capped})


def gemini_usage(reported: UsageObject | None) -> Usage | None:
    """The same of Gemini's `usageMetadata`."""
    if reported is None:
        return None
    room = {"cachedContentTokenCount": reported.get("promptTokenCount")}
    return _read(ProviderFormat.GEMINI, _capped(reported, room))


def _usual_openai_usage(reported: UsageObject) -> Usage | None:
    """That of nearly every answer, in a third of the time; None for one that has to be looked at
    field by field.
    """
    try:
        usual = msgspec.convert(reported, _OpenAiUsage)
    except msgspec.ValidationError:
        return None
    prompt, output = usual.prompt_tokens, usual.completion_tokens
    given, made = usual.prompt_tokens_details, usual.completion_tokens_details
    if (
        given.cached_tokens + given.cache_write_tokens > prompt
        or max(made.reasoning_tokens, usual.total_tokens - prompt) > output
        or given.audio_tokens
        or made.audio_tokens
    ):
        return None
    return Usage(
        input_tokens=prompt,
        cached_input_tokens=given.cached_tokens,
        cache_write_tokens=given.cache_write_tokens,
        output_tokens=output,
        reasoning_tokens=made.reasoning_tokens,
    )


def _tidied_openai_usage(reported: UsageObject) -> Usage | None:
    prompt, output = _count(reported, "prompt_tokens"), _count(reported, "completion_tokens")
    tidied: dict[str, Any] = {}
    if _count(reported, "total_tokens") - prompt > output:
        output = tidied["completion_tokens"] = _count(reported, "total_tokens") - prompt
    details = reported.get("prompt_tokens_details")
    if isinstance(details, dict):
        cached = _count(details, "cached_tokens")
        written = _count(details, "cache_write_tokens")
        if cached + written > prompt:
            room = {"cached_tokens": prompt, "cache_write_tokens": prompt - min(cached, prompt)}
            tidied["prompt_tokens_details"] = _capped(details, room)
    details = reported.get("completion_tokens_details")
    if isinstance(details, dict) and _count(details, "reasoning_tokens") > output:
        tidied["completion_tokens_details"] = _capped(details, {"reasoning_tokens": output})
    return _read(ProviderFormat.OPENAI_CHAT, {**reported, **tidied} if tidied else reported)


def _read(provider_format: ProviderFormat, reported: UsageObject) -> Usage | None:
    try:
        return usage_from_provider(provider_format, reported)
    except InvalidRequest:
        return None


def _capped(counts: UsageObject, room: Mapping[str, object]) -> dict[str, Any]:
    capped = dict(counts)
    for name, most in room.items():
        if isinstance(most, int) and _count(counts, name) > most:
            capped[name] = most
    return capped


def _count(counts: UsageObject, name: str) -> int:
    value = counts.get(name)
    return value if isinstance(value, int) else 0
