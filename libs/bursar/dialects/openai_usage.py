"""OpenAI's usage: totals, with the parts that came from or went to the cache beside them."""

from __future__ import annotations

import msgspec

from bursar.dialects.usage import ProviderUsage


class PromptDetails(msgspec.Struct):
    """Parts of the prompt."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class CompletionDetails(msgspec.Struct):
    """Parts of the answer."""

    reasoning_tokens: int | None = None


class UsageReport(msgspec.Struct):
    """The usage object of a response or of a stream's last chunk."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None


class Completion(msgspec.Struct):
    """What is read of a response or chunk."""

    id: str = ""
    model: str = ""
    usage: UsageReport | None = None


_COMPLETION = msgspec.json.Decoder(Completion)


def completion_in(data: bytes) -> Completion | None:
    """What a response or chunk says of itself; None when it cannot be read."""
    try:
        return _COMPLETION.decode(data)
    except msgspec.DecodeError:
        return None


def usage_of(completion: Completion | None) -> ProviderUsage | None:
    """Totals; None where there is no usage.

    Some servers of this format leave their reasoning out of `completion_tokens` but not out of the
    total, and bill it: the larger of the two readings of the output holds.
    """
    if completion is None or completion.usage is None:
        return None
    report = completion.usage
    if report.prompt_tokens is None:
        return None
    prompt = max(report.prompt_tokens, 0)
    output = max(report.completion_tokens or 0, (report.total_tokens or 0) - prompt, 0)
    parts = report.prompt_tokens_details or PromptDetails()
    details = report.completion_tokens_details or CompletionDetails()
    cached = min(max(parts.cached_tokens or 0, 0), prompt)
    return ProviderUsage(
        input_tokens=prompt,
        cached_input_tokens=cached,
        cache_write_tokens=min(max(parts.cache_write_tokens or 0, 0), prompt - cached),
        output_tokens=output,
        reasoning_tokens=min(max(details.reasoning_tokens or 0, 0), output),
    )
