"""The baseline that the semantic layer is measured against: the share of words in common."""

from __future__ import annotations

import regex

SIMILARITY_MIN = 0.95

_WORD = regex.compile(r"\w+")


def jaccard(one: str, other: str) -> float:
    """Words in both / words in either, 0 to 1; 1 for two texts without words."""
    left = set(_WORD.findall(one.casefold()))
    right = set(_WORD.findall(other.casefold()))
    return len(left & right) / len(left | right) if left | right else 1.0
