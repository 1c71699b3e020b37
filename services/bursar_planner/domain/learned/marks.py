"""The marks of a text: what of its words is learned from, without the words.

A mark is one of 65,536 numbers. It stands for a word, for two neighbours, for three, or for how
long a text of its class is. Words are hashed under a key, so that whoever reads the log without the
key learns nothing of them, and many share a mark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

MARKS = 1 << 16
WORDS_MAX = 400
Marks = NDArray[np.uint16]

_WORD = re.compile(r"[a-z]+|[0-9]+|[^\sa-z0-9]")
_DIGIT = re.compile(r"[0-9]")
_MIX = np.uint32(1_000_003)
_MASK = np.uint32(MARKS - 1)

WordHash = Callable[[str], int]
"""A keyed hash of one word, 32 bits."""


def marks_of(text: str, task_class: str, hashed: WordHash) -> Marks:
    """The marks of the first 400 words, each once, in ascending order."""
    lowered = text.lower()
    found = [*map(hashed, _WORD.findall(lowered)[:WORDS_MAX])]
    words = np.array(found, dtype=np.uint32)
    pairs = words[:-1] * _MIX ^ words[1:]
    triples = pairs[:-1] * _MIX ^ words[2:]
    shapes = np.array([*map(hashed, _shapes(lowered, task_class))], dtype=np.uint32)
    marks = np.concatenate((words, pairs, triples, shapes)) & _MASK
    return np.unique(marks.astype(np.uint16))


def marks_from(stored: bytes) -> Marks:
    """Marks as an event keeps them: little-endian, two bytes each."""
    return np.frombuffer(stored, dtype="<u2").astype(np.uint16, copy=False)


def _shapes(text: str, task_class: str) -> Sequence[str]:
    """How long a text is, in half powers of two, and how many digits it has, in threes up to 27.

    Names have a blank, which no word has.
    """
    length = (max(1, len(text)) ** 2).bit_length()
    digits = min(9, len(_DIGIT.findall(text)) // 3)
    return (
        f"length {length}",
        f"digits {digits}",
        f"{task_class} length {length}",
        f"{task_class} digits {digits}",
    )
