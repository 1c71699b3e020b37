"""The first line in which what was wanted and what was found differ, in several dialects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import dedent

# The line after one of these says it: pytest's introspection of an assertion.
ANNOUNCED = re.compile(
    r"^(?:Differing items|Left contains \d+ more items?|Right contains \d+ more items?"
    r"|Extra items in the (?:left|right) set|Drill down into differing attribute \S+"
    r"|Index *\| Obtained.*):?$"
)
TOLD = re.compile(
    r"^At index \S+ diff: "
    r"|^(?:Left|Right) contains (?:one more item|\d+ more items, first extra item): "
)
FIRST_ELEMENT = re.compile(r"^First differing element \S+:$")
EXPECTED_REGEX = re.compile(r"^Expected regex: ")
REMOVED = re.compile(r"^-(?!--)(?! Expected +- \d)")
ADDED = re.compile(r"^\+(?!\+\+)(?! Received +\+ \d)(?! +(?:where|and) )")


def first_difference(lines: Sequence[str]) -> str:
    """Read from the lines that explain a failed comparison; empty when none tells.

    Two lines, one taken away and one added, are given as `- this | + that`.
    """
    evened = dedent("\n".join(lines)).split("\n")
    told = (_told(line, evened[number + 1 : number + 4]) for number, line in enumerate(evened))
    return next(filter(None, told), "")


def _told(line: str, following: Sequence[str]) -> str:
    """The difference, if this line tells or announces it."""
    if TOLD.match(line) or ADDED.match(line):
        return line
    if REMOVED.match(line):
        return _with_replacement(line, following)
    if ANNOUNCED.match(line) and following:
        return following[0].strip()
    if EXPECTED_REGEX.match(line) and following:
        return f"{line} | {following[0].strip()}"
    if FIRST_ELEMENT.match(line) and len(following) >= 2:
        return f"{following[0]} != {following[1]}"
    return ""


def _with_replacement(removed: str, following: Sequence[str]) -> str:
    """A removed line with the added one that replaces it, over a line of marks between them."""
    for line in following:
        if ADDED.match(line):
            return f"{removed} | {line}"
        if not line.startswith("?"):
            break
    return removed
