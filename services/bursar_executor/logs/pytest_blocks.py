"""The parts of a pytest log: its sections, and the blocks that tell of one failure each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bursar_executor.logs.traceback import Frame

ERROR_TITLE = re.compile(
    r"^ERROR (?P<phase>at setup of|at teardown of|collecting|at collection of) (?P<what>.+)$"
)
CAPTURED = re.compile(r"^-{3,} (?:Captured|live log|Hypothesis).* -{3,}$")
LINE_STYLE = re.compile(r"^(?P<file>[^\s:][^:\"']*\.\w+):(?P<line>\d+): (?P<error>\S.*)$")
PLACE = re.compile(r"^(?P<file>(?:[A-Za-z]:)?[^\s:\"'][^:\"']*\.\w+):(?P<line>\d+):(?: .*)?$")
WITH_BLOCKS = ("ERRORS", "FAILURES")


@dataclass(frozen=True, slots=True)
class Block:
    """One failure: its title, when it happened, and its lines without captured output."""

    title: str
    phase: str
    lines: tuple[str, ...]


def sections(lines: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Each section's name with its lines. What stands before the first is named "progress"."""
    name, start = "progress", 0
    for number, line in enumerate(lines):
        if line.startswith("===") and (heading := between(line, "=")):
            yield name, lines[start:number]
            name = "progress" if heading == "test session starts" else heading
            start = number + 1
    yield name, lines[start:]


def blocks(section: Sequence[str]) -> Iterator[Block]:
    """The blocks of one section."""
    starts = [number for number, line in enumerate(section) if _title(line)]
    if not starts:
        yield from _line_style(section)
        return
    for start, stop in zip(starts, [*starts[1:], len(section)], strict=True):
        title, phase = _title(section[start]), ""
        if error := ERROR_TITLE.match(title):
            title, phase = error["what"], error["phase"].split(" of")[0]
        yield Block(title, phase, tuple(_own(section[start + 1 : stop])))


def between(line: str, rule: str) -> str:
    """What stands in a line between two rules, `=== this ===`; empty for any other line."""
    if not (line.startswith(rule) and line.endswith(rule)):
        return ""
    inner = line.strip(rule)
    return inner.strip() if inner.startswith(" ") and inner.endswith(" ") else ""


def _title(line: str) -> str:
    """A block's title. Rows of `_ _ _` part the levels of one traceback."""
    return "" if line.startswith("_ _") else between(line, "_")


def _line_style(section: Sequence[str]) -> Iterator[Block]:
    """`--tb=line` writes no headings: each failure ends with a line that says where and what."""
    start = 0
    for number, line in enumerate(section):
        if LINE_STYLE.match(line):
            yield Block("", "", (*_own(section[start:number]), line))
            start = number + 1


def _own(lines: Sequence[str]) -> Iterator[str]:
    """Without what the test printed: that may look like anything."""
    for line in lines:
        if line.startswith("---") and CAPTURED.match(line):
            return
        yield line


def places_in(lines: Sequence[str]) -> list[Frame]:
    """Where the levels of a traceback stand. Source lines and explanations never look like it."""
    found = (PLACE.match(line) for line in lines if line[:1] not in {" ", ">", "E", ""})
    return [Frame(place["file"], int(place["line"])) for place in found if place]
