"""What leads from one text to another, as a unified diff without file names, byte by byte."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from bursar.errors import InvalidRequest

CONTEXT_LINES = 2
COMPARED_LINES_MAX = 4_000  # between common beginning and end; with more the whole middle changes
_HUNK = re.compile(r"@@ -(\d+),(\d+) \+(\d+),(\d+) @@")

_Change = tuple[str, int, int, int, int]


def delta(before: str, after: str) -> str:
    """Empty where both are the same."""
    old, new = before.split("\n"), after.split("\n")
    return "\n".join(line for group in _groups(old, new) for line in _hunk(group, old, new))


def applied(before: str, changes: str) -> str:
    """The text that `changes` lead to. Raises InvalidRequest where they do not belong to
    `before`.
    """
    old = before.split("\n")
    new: list[str] = []
    at = 0
    hunks = list(_hunks(changes))
    for begin, lines in hunks:
        kept = [line[1:] for line in lines if line[:1] in ("-", " ")]
        if begin < at or old[begin : begin + len(kept)] != kept:
            remedy = "give what Diff gave for this version and the one it follows"
            raise InvalidRequest.of("delta", f"the change at line {begin + 1}", remedy)
        new += old[at:begin]
        new += [line[1:] for line in lines if line[:1] in ("+", " ")]
        at = begin + len(kept)
    return "\n".join((*new, *old[at:]))


def _groups(old: list[str], new: list[str]) -> Iterator[list[_Change]]:
    """Changes that stand close together, with the lines around them."""
    group: list[_Change] = []
    for change in _changes(old, new):
        if group and change[1] - group[-1][2] > 2 * CONTEXT_LINES:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _changes(old: list[str], new: list[str]) -> Iterator[_Change]:
    begin = 0
    most = min(len(old), len(new))
    while begin < most and old[begin] == new[begin]:
        begin += 1
    end = 0
    while end < most - begin and old[-1 - end] == new[-1 - end]:
        end += 1
    old_middle, new_middle = old[begin : len(old) - end], new[begin : len(new) - end]
    if max(len(old_middle), len(new_middle)) > COMPARED_LINES_MAX:
        yield ("replace", begin, len(old) - end, begin, len(new) - end)
        return
    matcher = SequenceMatcher(None, old_middle, new_middle, autojunk=False)
    for kind, old_begin, old_end, new_begin, new_end in matcher.get_opcodes():
        if kind != "equal":
            yield (kind, old_begin + begin, old_end + begin, new_begin + begin, new_end + begin)


def _hunk(group: list[_Change], old: list[str], new: list[str]) -> Iterator[str]:
    old_begin = max(0, group[0][1] - CONTEXT_LINES)
    new_begin = group[0][3] - (group[0][1] - old_begin)
    old_end = min(len(old), group[-1][2] + CONTEXT_LINES)
    new_end = group[-1][4] + (old_end - group[-1][2])
    counts = f"-{old_begin + 1},{old_end - old_begin} +{new_begin + 1},{new_end - new_begin}"
    yield f"@@ {counts} @@"
    at = old_begin
    for _, change_begin, change_end, added_begin, added_end in group:
        yield from (f" {line}" for line in old[at:change_begin])
        yield from (f"-{line}" for line in old[change_begin:change_end])
        yield from (f"+{line}" for line in new[added_begin:added_end])
        at = change_end
    yield from (f" {line}" for line in old[at:old_end])


def _hunks(changes: str) -> Iterator[tuple[int, list[str]]]:
    """Where each begins, counted from 0, and its lines."""
    lines = changes.split("\n") if changes else []
    at = 0
    while at < len(lines):
        head = _HUNK.fullmatch(lines[at])
        if head is None:
            raise InvalidRequest.of("delta", lines[at], "begin each change with @@ -line,count …")
        begin, left_old, _, left_new = (int(number) for number in head.groups())
        hunk: list[str] = []
        at += 1
        while (left_old or left_new) and at < len(lines):
            sign = lines[at][:1]
            left_old -= sign in ("-", " ")
            left_new -= sign in ("+", " ")
            hunk.append(lines[at])
            at += 1
        if left_old or left_new or any(line[:1] not in ("+", "-", " ") for line in hunk):
            raise InvalidRequest.of("delta", lines[-1], "give as many lines as its heads say")
        yield begin - 1, hunk
