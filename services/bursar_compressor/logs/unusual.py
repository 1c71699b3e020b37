"""Which lines of one kind are unlike the others of it: by a value that is rare or far out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

FEW_VALUES = 8  # with more, no value is rare: they are identifiers or measurements
RARE_PCT = 2
LINES_A_VALUE_MIN = 3  # so many on average; with fewer each value is about as rare as the others
LINES_MIN = 6
FAR_OUT_SPREADS = 8  # times the middle half's width beyond it
OUTLIERS_SHOWN_MAX = 3
NUMBER_DIGITS_MAX = 15


def unusual(rows: Sequence[list[str]]) -> set[int]:
    """The places in `rows` of those with a value of that sort; each row has as many values."""
    if len(rows) < LINES_MIN:
        return set()
    found: set[int] = set()
    for column in zip(*rows, strict=True):
        found.update(_rare(column))
        found.update(_far_out(column))
    return found


def _rare(column: Sequence[str]) -> Iterator[int]:
    """The first line of each rare value, where there are few values."""
    times = Counter(column)
    if not 1 < len(times) <= min(FEW_VALUES, len(column) // LINES_A_VALUE_MIN):
        return
    for value, count in times.items():
        if count == 1 or count * 100 <= len(column) * RARE_PCT:
            yield column.index(value)


def _far_out(column: Sequence[str]) -> list[int]:
    """The lines of the greatest numbers, where these are far from the middle half."""
    digits = "".join(column)
    if not (digits.isdecimal() and digits.isascii()):
        return []
    if max(map(len, column)) > NUMBER_DIGITS_MAX:
        return []
    numbers = list(map(int, column))
    ordered = sorted(numbers)
    low, high = ordered[len(ordered) // 4], ordered[3 * len(ordered) // 4]
    limit = high + FAR_OUT_SPREADS * (high - low + 1)
    if ordered[-1] <= limit:
        return []
    beyond = [place for place, number in enumerate(numbers) if number > limit]
    return sorted(beyond, key=numbers.__getitem__, reverse=True)[:OUTLIERS_SHOWN_MAX]
