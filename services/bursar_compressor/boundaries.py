"""Where a text may be cut: between sentences, lines, definitions or JSON items.

The pieces of a text are its units; put together again, they are the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bursar_compressor.detection import Kind
from bursar_compressor.markers import OPENING

UNIT_CHARS_MAX = 500  # a longer sentence or line is cut at a blank, or where it must be
WINDOW_PCT = 25  # how much of a piece may be given up for a better place to cut
CLOSE_ENOUGH_PCT = 1

_SENTENCE_END = r"[.!?…。]+[\"')\]]*(?:\s+|\Z)"
_LINE_END = rf"\n(?!{re.escape(OPENING)})"
_ANY_BLANK = re.compile(r"\s+")
# Of each kind, the best first; the place to cut is where the match ends.
_LINES = (re.compile(_LINE_END), _ANY_BLANK)
_SENTENCES = (re.compile(rf"{_SENTENCE_END}|{_LINE_END}"), _ANY_BLANK)
_ITEMS = (re.compile(r"(?<=[}\]]),\s*"), re.compile(r",\s*|\n"), _ANY_BLANK)
_TAGS = (re.compile(r"(?<=>)\s*(?=<(?!/))|\n"), _ANY_BLANK)
_PLACES: dict[Kind, tuple[re.Pattern[str], ...]] = {
    Kind.PROSE: _SENTENCES,
    Kind.MARKDOWN: _SENTENCES,
    Kind.CODE: (re.compile(r"\n(?=[^\s})\]])"), *_LINES),
    Kind.JSON: _ITEMS,
    Kind.CHAT: _ITEMS,
    Kind.MARKUP: _TAGS,
}
_SENTENCE_UNIT = rf"(?:{_SENTENCE_END}|\n\s*)"
_ITEM_UNIT = r"(?:(?<=[}\]]),\s*|\n)"
_UNIT_END: dict[Kind, str] = {
    Kind.PROSE: _SENTENCE_UNIT,
    Kind.MARKDOWN: _SENTENCE_UNIT,
    Kind.JSON: _ITEM_UNIT,
    Kind.CHAT: _ITEM_UNIT,
    Kind.MARKUP: r"(?:(?<=>)\s*(?=<(?!/))|\n)",
}
_UNIT: dict[Kind, re.Pattern[str]] = {
    kind: re.compile(
        rf".{{0,{UNIT_CHARS_MAX}}}?{end}|.{{1,{UNIT_CHARS_MAX}}}(?:\s|\Z)|.{{1,{UNIT_CHARS_MAX}}}",
        re.DOTALL,
    )
    for kind, end in ((kind, _UNIT_END.get(kind, _LINE_END)) for kind in Kind)
}


def units(text: str, kind: Kind) -> list[str]:
    """Sentences, lines or items, in order; none is empty or longer than 500 characters and its
    end.
    """
    return [unit[0] for unit in _UNIT[kind].finditer(text) if unit[0]]


def longest_head(text: str, kind: Kind, fits: Callable[[str], bool], guess_chars: int) -> int:
    """Where the longest beginning of `text` that `fits` ends, at the best place near there."""
    most = _longest(lambda chars: fits(text[:chars]), len(text), guess_chars)
    return _last_place(text, most - most * WINDOW_PCT // 100, most, kind)


def longest_tail(text: str, kind: Kind, fits: Callable[[str], bool], guess_chars: int) -> int:
    """Where the longest end of `text` that `fits` begins, at the best place near there."""
    most = _longest(lambda chars: fits(text[len(text) - chars :]), len(text), guess_chars)
    begin = len(text) - most
    return _first_place(text, begin, begin + most * WINDOW_PCT // 100, kind)


def _longest(fits: Callable[[int], bool], chars_max: int, guess_chars: int) -> int:
    """The greatest length that fits, less at most 1 %. Counts only texts of about that length."""
    low, high = 0, max(1, min(guess_chars, chars_max))
    while fits(high):
        if high == chars_max:
            return high
        low, high = high, min(2 * high, chars_max)
    while high - low > 1 + high * CLOSE_ENOUGH_PCT // 100:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _last_place(text: str, low: int, high: int, kind: Kind) -> int:
    if high == len(text):
        return high
    for pattern in _PLACES.get(kind, _LINES):
        places = [match.end() for match in pattern.finditer(text, low, high)]
        if places:
            return places[-1]
    return high


def _first_place(text: str, low: int, high: int, kind: Kind) -> int:
    if low == 0:
        return low
    for pattern in _PLACES.get(kind, _LINES):
        match = pattern.search(text, low, high)
        if match is not None:
            return match.end()
    return low
