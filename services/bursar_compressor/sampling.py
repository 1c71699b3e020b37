"""Which of many similar items (rows of a table, items of an array) tell what the others are like,
and which are unlike them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise
from typing import NamedTuple

from bursar_compressor.logs.unusual import unusual
from bursar_compressor.severity import is_severe

FIRST_SHOWN = 3
SPECIAL_PCT_MAX = 10  # more of them are nothing special
WORD_CHARS_MIN = 3


class Item(NamedTuple):
    """`values` are as many for each item of the same `shape`."""

    shape: Hashable
    values: list[str]
    text: str


def shown(items: Sequence[Item], query: str) -> list[int]:
    """The places of the first ones and the last, of the first of each shape, of those with a value
    that is rare or far out, and of those that speak of a failure or of what is asked.
    """
    by_shape: dict[Hashable, list[int]] = {}
    for place, item in enumerate(items):
        by_shape.setdefault(item.shape, []).append(place)
    places = {*range(min(FIRST_SHOWN, len(items))), len(items) - 1}
    for alike in by_shape.values():
        places.add(alike[0])
        places.update(alike[row] for row in unusual([items[place].values for place in alike]))
    places.update(_special(items, [is_severe(item.text) for item in items]))
    for word in _words(query):
        places.update(_special(items, [word in item.text.lower() for item in items]))
    return sorted(places)


def hidden_runs(shown_places: Sequence[int]) -> list[tuple[int, int]]:
    """The first and last place of each run between those that are shown."""
    return [(above + 1, below - 1) for above, below in pairwise(shown_places) if below > above + 1]


def _special(items: Sequence[Item], is_so: list[bool]) -> list[int]:
    if sum(is_so) * 100 > len(items) * SPECIAL_PCT_MAX:
        return []
    return [place for place, special in enumerate(is_so) if special]


def _words(query: str) -> set[str]:
    return {word for word in query.lower().split() if len(word) >= WORD_CHARS_MIN}
