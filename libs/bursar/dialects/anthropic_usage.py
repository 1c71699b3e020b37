"""Anthropic's usage: the input count leaves out what the prompt cache gave and took."""

from __future__ import annotations

import msgspec

from bursar.dialects.usage import ProviderUsage


class CacheCreation(msgspec.Struct):
    """Cache writes by lifetime."""

    ephemeral_1h_input_tokens: int | None = None


class OutputDetails(msgspec.Struct):
    """What output went into."""

    thinking_tokens: int | None = None


class Iteration(msgspec.Struct):
    """One server-side step of a call."""

    type: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class UsageReport(msgspec.Struct):
    """The usage object of a response, `message_start` or `message_delta`."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    output_tokens_details: OutputDetails | None = None
    iterations: list[Iteration] | None = None


class Message(msgspec.Struct):
    """What is read of a whole response, or of the one that `message_start` opens."""

    id: str = ""
    model: str = ""
    stop_reason: str | None = None
    usage: UsageReport | None = None


class Delta(msgspec.Struct):
    """How a message ended."""

    stop_reason: str | None = None


class Told(msgspec.Struct):
    """What is read of an event that carries usage."""

    message: Message | None = None
    delta: Delta | None = None
    usage: UsageReport | None = None


class RunningUsage:
    """Usage as several events report it. Counts are running totals: the newest holds, and what an
    event leaves out stays.
    """

    def __init__(self) -> None:
        self._counts = UsageReport()

    def take(self, newer: UsageReport | None) -> None:
        if newer is None:
            return
        for name in UsageReport.__struct_fields__:
            value = getattr(newer, name)
            if value is not None:
                setattr(self._counts, name, value)

    def usage(self) -> ProviderUsage | None:
        return totals(self._counts)


def totals(report: UsageReport) -> ProviderUsage | None:
    """None where input or output was not reported.

    The top-level counts leave out the compaction of a context on the provider's side, which is
    billed too. Source: the docstring of `iterations` in the official SDK's BetaUsage.
    """
    if report.input_tokens is None or report.output_tokens is None:
        return None
    uncached, read, written, output = _counts(report)
    for step in report.iterations or ():
        if step.type == "compaction":
            more = _counts(step)
            uncached, read = uncached + more[0], read + more[1]
            written, output = written + more[2], output + more[3]
    creation, details = report.cache_creation, report.output_tokens_details
    written_1h = min(_whole(creation.ephemeral_1h_input_tokens), written) if creation else 0
    return ProviderUsage(
        input_tokens=uncached + read + written,
        cached_input_tokens=read,
        cache_write_tokens=written - written_1h,
        cache_write_1h_tokens=written_1h,
        output_tokens=output,
        reasoning_tokens=min(_whole(details.thinking_tokens), output) if details else 0,
    )


_TOLD = msgspec.json.Decoder(Told)
_MESSAGE = msgspec.json.Decoder(Message)


def told_by(data: bytes) -> Told | None:
    """What an event says of usage; None when it cannot be read."""
    try:
        return _TOLD.decode(data)
    except msgspec.DecodeError:
        return None


def message_in(response: bytes) -> Message | None:
    """What a whole response says of itself; None when it cannot be read."""
    try:
        return _MESSAGE.decode(response)
    except msgspec.DecodeError:
        return None


def _counts(report: UsageReport | Iteration) -> tuple[int, int, int, int]:
    """(input outside the cache, read from it, written to it, output)."""
    return (
        _whole(report.input_tokens),
        _whole(report.cache_read_input_tokens),
        _whole(report.cache_creation_input_tokens),
        _whole(report.output_tokens),
    )


def _whole(count: int | None) -> int:
    return max(count or 0, 0)
