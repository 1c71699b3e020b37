"""A text cut down to a number of tokens around the spans in it that must stay.

Each gap between them is cut by itself, to its share of what they leave.
"""

from __future__ import annotations

from dataclasses import replace

from bursar_compressor.rewriting import Count
from bursar_compressor.smart_truncation import Cut, least_tokens, truncate, unreachable

TRIES_MAX = 8


def truncate_around(text: str, protected: tuple[str, ...], cut: Cut, count: Count) -> str:
    """At most `cut.target_tokens`, with all of `protected` in it as it is.

    Raises InvalidRequest with `least_tokens` when that does not fit.
    """
    if not protected:
        return truncate(text, cut, count)
    gaps = _gaps(text, protected)
    least = [least_tokens(gap, cut, count) for gap in gaps]
    spare_tokens = cut.target_tokens - sum(least) - sum(map(count, protected))
    whole_tokens = cut.target_tokens - spare_tokens
    for _ in range(TRIES_MAX):
        spare_tokens = max(0, spare_tokens)
        shortened = _shortened(gaps, _shares(gaps, least, spare_tokens, count), cut, count)
        whole = _joined(shortened, protected)
        whole_tokens = count(whole)
        if whole_tokens <= cut.target_tokens:
            return whole
        if not spare_tokens:
            break
        spare_tokens -= whole_tokens - cut.target_tokens
    raise unreachable(cut.target_tokens, whole_tokens)


def _gaps(text: str, protected: tuple[str, ...]) -> list[str]:
    """What stands before, between and after them; one more than there are of them."""
    gaps: list[str] = []
    at = 0
    for kept in protected:
        found = text.index(kept, at)
        gaps.append(text[at:found])
        at = found + len(kept)
    return [*gaps, text[at:]]


def _shares(gaps: list[str], least: list[int], spare_tokens: int, count: Count) -> list[int]:
    """For each gap the least that it takes, and of the spare tokens by what more it could use."""
    more = [count(gap) - tokens for gap, tokens in zip(gaps, least, strict=True)]
    every = max(1, sum(more))
    return [
        tokens + spare_tokens * further // every
        for tokens, further in zip(least, more, strict=True)
    ]


def _shortened(gaps: list[str], shares: list[int], cut: Cut, count: Count) -> list[str]:
    return [
        gap if count(gap) <= tokens else truncate(gap, replace(cut, target_tokens=tokens), count)
        for gap, tokens in zip(gaps, shares, strict=True)
    ]


def _joined(gaps: list[str], protected: tuple[str, ...]) -> str:
    pairs = zip(gaps, (*protected, ""), strict=True)
    return "".join(text for pair in pairs for text in pair)
