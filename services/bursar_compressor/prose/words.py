"""The words of a sentence or question, as far as they tell what it is about. English."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")
_SAY_NOTHING = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "by",
        "with",
        "from",
        "as",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "and",
        "or",
        "not",
        "that",
        "this",
        "it",
        "its",
        "their",
        "his",
        "her",
        "which",
        "who",
        "whom",
        "what",
        "when",
        "where",
        "why",
        "how",
        "did",
        "do",
        "does",
        "has",
        "have",
        "had",
        "into",
        "than",
        "then",
        "there",
        "these",
        "those",
        "also",
        "can",
        "could",
        "would",
        "will",
        "many",
        "much",
        "name",
    ]
)
_ENDINGS = ("ingly", "edly", "ings", "ing", "ied", "ies", "ed", "es", "ly", "s")
STEM_CHARS_MIN = 3


def telling_words(text: str) -> list[str]:
    """In lower case, without endings, in order; what says nothing is not among them."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in _SAY_NOTHING]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= STEM_CHARS_MIN:
            return word[: -len(ending)]
    return word
