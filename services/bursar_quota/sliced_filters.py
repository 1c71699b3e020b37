"""The Bloom filters of many files side by side: one look says which of them may have an id.

Filter by filter, an id that nobody knows costs a look into each file's. Here the same bit of up to
64 filters stands in one word: four words are read, whatever the number of files behind them.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from itertools import count

import numpy as np

FILES_MAX = 64  # of one group
_WIDTHS = (np.uint8, np.uint16, np.uint32, np.uint64)


class SlicedFilters:
    """Filters by the number of their file, in groups of equal size."""

    def __init__(self) -> None:
        self._groups: dict[int, list[_Group]] = {}  # by bits of a filter

    def add(self, number: int, found: bytes) -> None:
        """`found`: its bits, as many as a power of two, the lowest of a byte first."""
        groups = self._groups.setdefault(len(found) * 8, [])
        group = next((each for each in groups if len(each.numbers) < FILES_MAX), None)
        if group is None:
            group = _Group(len(found) * 8)
            groups.append(group)
        group.add(number, found)

    def keep(self, numbers: Container[int]) -> None:
        """Drops the filters of all other files."""
        for bits, groups in list(self._groups.items()):
            for group in groups:
                group.keep(numbers)
            self._groups[bits] = [group for group in groups if group.numbers]

    def may_have(self, hashed: bytes) -> Iterator[int]:
        """The numbers of the files of which one may have the id of this hash."""
        number = int.from_bytes(hashed, "big")
        for groups in self._groups.values():
            for group in groups:
                yield from group.may_have(number)


class _Group:
    """As wide as the number of its files needs."""

    def __init__(self, bits: int) -> None:
        self.numbers: dict[int, int] = {}  # by place
        self._mask = bits - 1
        self._see(np.zeros(bits, np.uint8))

    def add(self, number: int, found: bytes) -> None:
        place = next(place for place in count() if place not in self.numbers)
        width = next(each for each in _WIDTHS if place < np.iinfo(each).bits)
        if np.iinfo(width).bits > np.iinfo(self._words.dtype).bits:
            self._see(self._words.astype(width))
        is_set = np.unpackbits(np.frombuffer(found, np.uint8), bitorder="little").view(np.bool_)
        self._words[is_set] |= self._words.dtype.type(1 << place)
        self.numbers[place] = number

    def keep(self, numbers: Container[int]) -> None:
        for place, number in list(self.numbers.items()):
            if number not in numbers:
                del self.numbers[place]
                self._words &= ~self._words.dtype.type(1 << place)

    def may_have(self, number: int) -> Iterator[int]:
        words, mask = self._seen, self._mask
        left: int = words[number & mask] & words[number >> 32 & mask]
        left = left and left & words[number >> 64 & mask] & words[number >> 96 & mask]
        while left:
            lowest = left & -left
            yield self.numbers[lowest.bit_length() - 1]
            left ^= lowest

    def _see(self, words: np.ndarray[tuple[int], np.dtype[np.unsignedinteger]]) -> None:
        """A view gives Python's integers, several times as fast as numpy its own."""
        self._words = words
        self._seen = words.data
