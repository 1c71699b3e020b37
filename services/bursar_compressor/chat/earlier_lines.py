"""The lines of all messages so far: as they were, and which of them can still be seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from bursar_compressor.chat.numbered_lines import key_of, renumbered
from bursar_compressor.chat.pointers import QUOTED_CHARS_MIN, Pointer

BEGINNING_CHARS_MIN = 6  # a shorter line, such as a brace, would make a poor quote
LONG_LINE_CHARS = 80  # such a line is worth a pointer alone
PLACES_MAX = 16  # of each line the latest; more name nothing
COMPARED_PER_LINE_MAX = 32  # lines compared, for each line of a message: bounds the time

_DIGIT_OR_BLANK = frozenset(" 0123456789")
_BETWEEN_MESSAGES = "\n"  # no line is equal to it, so that no block spans messages
_UNKNOWN = 1 << 40


class Keys(NamedTuple):
    """Of each line what stays when it is numbered anew, and its number; 0 for none. A line without
    a number is its own key.
    """

    texts: list[str]
    numbers: list[int]


class Found(NamedTuple):
    """So many lines that stood at `place`; their numbers have grown by `by`."""

    lines: int
    place: int
    by: int


NOTHING = Found(0, 0, 0)


class _Places:
    """Where each text stands, the latest first."""

    def __init__(self) -> None:
        self.latest: dict[str, int] = {}
        self._before: dict[int, int] = {}  # of a place: where the same text stood before it

    def add(self, texts: Iterable[tuple[int, str]]) -> None:
        latest, earlier = self.latest, self._before
        for place, text in texts:
            before = latest.get(text)
            if before is not None:
                earlier[place] = before
            latest[text] = place

    def of(self, text: str) -> Iterator[int]:
        place = self.latest.get(text)
        while place is not None:
            yield place
            place = self._before.get(place)


@dataclass(slots=True)
class EarlierLines:
    """Grows by whole messages. A block of lines may begin only with a line that can be seen.

    may_renumber: whether lines are alike that differ in the numbers a tool gave them.
    """

    may_renumber: bool = True
    lines: list[str] = field(default_factory=list)
    _keys: Keys = field(default_factory=lambda: Keys([], []))
    _begins: list[int] = field(default_factory=list)  # the lines that a block may begin with
    _places: _Places = field(default_factory=_Places)
    _beginnings: _Places = field(default_factory=_Places)
    _begins_noted: int = 0

    def add(self, lines: list[str], keys: Keys, is_seen: list[bool]) -> None:
        """A whole message: its lines as they were, and whether each stands in it still."""
        begin = len(self.lines)
        begins = [
            place
            for place, (line, seen) in enumerate(zip(lines, is_seen, strict=True), begin)
            if seen and len(line) >= BEGINNING_CHARS_MIN
        ]
        texts = keys.texts
        self._places.add([(place, texts[place - begin]) for place in begins])
        self._begins += begins
        self.lines += (*lines, _BETWEEN_MESSAGES)
        self._keys.texts.extend((*texts, _BETWEEN_MESSAGES))
        self._keys.numbers.extend((*keys.numbers, 0))

    def possible_begins(self, keys: Keys) -> list[int]:
        """The lines of a message from which on something may have stood before."""
        latest = self._places.latest
        return [at for at, text in enumerate(keys.texts) if text in latest]

    def longest(self, keys: Keys, at: int) -> Found:
        """The longest block from line `at` of a message on that stood before; the latest of such.

        Looks at few places: compares at most COMPARED_PER_LINE_MAX lines beyond the longest.
        """
        best = NOTHING
        compared_left = COMPARED_PER_LINE_MAX
        tried: set[str] = set()
        for place in islice(self._places.of(keys.texts[at]), PLACES_MAX):
            if self.lines[place] in tried:
                continue  # a quote would lead to the later of two same lines
            tried.add(self.lines[place])
            found = self._common(keys, at, place)
            if found.lines > best.lines:
                best = found
            else:
                compared_left -= 1 + found.lines
            if compared_left <= 0:
                break
        return best

    def pointer_to(self, found: Found) -> Pointer | None:
        """With the shortest quote that leads there; None when none does."""
        line = self.lines[found.place].strip()
        for chars in range(min(QUOTED_CHARS_MIN, len(line)), len(line) + 1, 4):
            pointer = Pointer(found.lines, line[:chars], found.by)
            if chars and self.place_of(pointer.quote) == found.place:
                return pointer
        return None

    def at(self, pointer: Pointer) -> list[str] | None:
        """The lines that `pointer` stands for; None when there are none such."""
        place = self.place_of(pointer.quote)
        if place is None:
            return None
        lines = self.lines[place : place + pointer.lines]
        return [renumbered(line, pointer.by) for line in lines]

    def place_of(self, quote: str) -> int | None:
        """The last line that can be seen and begins so."""
        self._note_beginnings()
        for place in self._beginnings.of(quote[:QUOTED_CHARS_MIN].rstrip()):
            if self.lines[place].lstrip().startswith(quote):
                return place
        return None

    def _common(self, keys: Keys, at: int, place: int) -> Found:
        texts, numbers = self._keys
        length, most = 0, min(len(keys.texts) - at, len(texts) - place)
        by = _UNKNOWN
        while length < most and texts[place + length] == keys.texts[at + length]:
            if numbers[place + length]:
                grown = keys.numbers[at + length] - numbers[place + length]
                if by not in (_UNKNOWN, grown) or (grown and not self.may_renumber):
                    break
                by = grown
            length += 1
        return Found(length, place, 0 if by == _UNKNOWN else by)

    def _note_beginnings(self) -> None:
        lines = self.lines
        begins = self._begins[self._begins_noted :]
        self._beginnings.add(
            [(place, lines[place].lstrip()[:QUOTED_CHARS_MIN].rstrip()) for place in begins]
        )
        self._begins_noted = len(self._begins)


def keys_of(lines: Sequence[str]) -> Keys:
    """What lines are compared by."""
    texts = list(lines)
    numbers = [0] * len(texts)
    for index, line in enumerate(texts):
        if line[:1] in _DIGIT_OR_BLANK:
            key = key_of(line)
            if key is not None:
                texts[index], numbers[index] = key
    return Keys(texts, numbers)
