"""JSON whose long arrays are brought down to samples and to what is unlike the others.

Level safe. The result is JSON: in place of the items that are left out stands a string that says
how many they are, and by which part they are restored.
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from bursar_compressor.markers import OPENING
from bursar_compressor.parts import Bytes
from bursar_compressor.rewriting import Options, Rewritten, unchanged
from bursar_compressor.sampling import Item, hidden_runs, shown

METHOD = "sampled_arrays"
ITEMS_MIN = 12
HIDDEN_CHARS_MIN = 200  # less costs about as much as its marker

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},]', re.DOTALL)


class Array(NamedTuple):
    """Where a long array stands, brackets included, and where each of its items does."""

    begin: int
    end: int
    items: list[tuple[int, int]]


class Hidden(NamedTuple):
    """Items left out, from the first's begin to the last's end."""

    begin: int
    end: int
    items: int


def rewrite(content: str, options: Options) -> Rewritten:
    """Of an array within a long one the same holds, where it is shown at all."""
    try:
        msgspec.json.decode(content)
        hidden = _hidden(content, long_arrays(content), options.query)
    except (msgspec.DecodeError, RecursionError):
        return unchanged(content, "left as it is: it could not be read as JSON")
    if not hidden:
        return unchanged(content)
    parts = _parts(content, hidden)
    return Rewritten(
        _with_markers(content, hidden, parts, options.reference),
        f"{sum(run.items for run in hidden)} items of arrays, like others",
        elided=tuple(parts),
    )


def long_arrays(text: str) -> list[Array]:
    """In the order in which they begin. `text` is JSON."""
    found: list[Array] = []
    opened: list[list[int]] = []  # of each array its begin and its commas; of an object nothing
    for token in _TOKEN.finditer(text):
        mark = text[token.start()]
        if mark == ",":
            if opened[-1]:
                opened[-1].append(token.start())
        elif mark == "[":
            opened.append([token.start()])
        elif mark == "{":
            opened.append([])
        elif mark != '"':
            bounds = opened.pop()
            if len(bounds) >= ITEMS_MIN:
                edges = zip(bounds, [*bounds[1:], token.start()], strict=True)
                items = [_trimmed(text, left + 1, right) for left, right in edges]
                found.append(Array(bounds[0], token.end(), items))
    return sorted(found)


def _trimmed(text: str, begin: int, end: int) -> tuple[int, int]:
    piece = text[begin:end]
    return begin + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def _hidden(text: str, arrays: list[Array], query: str) -> list[Hidden]:
    """In order, and apart: what stands in an item that is left out is not looked at."""
    runs: list[Hidden] = []
    for array in arrays:
        before = bisect_right(runs, array.begin, key=_begin) - 1
        if before < 0 or runs[before].end < array.end:
            for run in _hidden_of(text, array, query):
                insort(runs, run, key=_begin)
    return runs


def _begin(run: Hidden) -> int:
    return run.begin


def _hidden_of(text: str, array: Array, query: str) -> Iterator[Hidden]:
    items = [_item(text[begin:end]) for begin, end in array.items]
    for first, last in hidden_runs(shown(items, query)):
        begin, end = array.items[first][0], array.items[last][1]
        if end - begin >= HIDDEN_CHARS_MIN:
            yield Hidden(begin, end, last - first + 1)


def _item(text: str) -> Item:
    data = msgspec.json.decode(text)
    if isinstance(data, dict):
        return Item(tuple(data), list(map(_scalar, data.values())), text)
    return Item(type(data).__name__, [_scalar(data)], text)


def _scalar(value: object) -> str:
    """What is itself an object or an array says nothing of how rare the item is."""
    return "" if isinstance(value, dict | list) else str(value)


def _parts(text: str, hidden: list[Hidden]) -> list[Bytes]:
    """The bytes of each run."""
    parts: list[Bytes] = []
    at = at_byte = 0
    for run in hidden:
        at_byte += len(text[at : run.begin].encode())
        length = len(text[run.begin : run.end].encode())
        parts.append(Bytes(at_byte, length))
        at, at_byte = run.end, at_byte + length
    return parts


def _with_markers(text: str, hidden: list[Hidden], parts: list[Bytes], reference: str) -> str:
    kept: list[str] = []
    at = 0
    of = f" of {reference}"  # once is enough
    for run, part in zip(hidden, parts, strict=True):
        kept += (
            text[at : run.begin],
            f'"{OPENING}{run.items} items like these are left out: {part}{of}]"',
        )
        at, of = run.end, ""
    return "".join([*kept, text[at:]])
