"""A CLI's own account of a run brought into one shape."""

from __future__ import annotations

from collections.abc import Iterable

from bursar.prices.usage import Usage


def own_usage(
    input_tokens: int, cached_tokens: int, written_tokens: int, output_tokens: int
) -> Usage | None:
    """`input_tokens` is the total. None where it told of nothing; parts never exceed the total."""
    if not input_tokens and not output_tokens:
        return None
    cached = min(cached_tokens, input_tokens)
    return Usage(
        input_tokens=input_tokens,
        cached_input_tokens=cached,
        cache_write_tokens=min(written_tokens, input_tokens - cached),
        output_tokens=output_tokens,
    )


def sum_of(usages: Iterable[Usage | None]) -> Usage | None:
    """Of several calls; None where none was told."""
    known = [usage for usage in usages if usage is not None]
    if not known:
        return None
    return Usage(
        input_tokens=sum(usage.input_tokens for usage in known),
        cached_input_tokens=sum(usage.cached_input_tokens for usage in known),
        cache_write_tokens=sum(usage.cache_write_tokens for usage in known),
        output_tokens=sum(usage.output_tokens for usage in known),
        requests=len(known),
    )
