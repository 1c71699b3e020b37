"""A log as plain lines: no colours, no carriage returns, no timestamps in front."""

from __future__ import annotations

import re

LINE_CHARACTERS_READ = 4_000
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
TIMESTAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ")
LINES_LOOKED_AT_FOR_TIMESTAMPS = 40


def plain_lines(text: str) -> list[str]:
    """The lines of a log as a terminal would show them in the end.

    A progress line that was overwritten keeps its last state; timestamps that a CI service put in
    front of the lines are taken off; what is longer than any message is cut.
    """
    if "\x1b" in text:
        text = ESCAPE.sub("", text)
    lines = text.replace("\r\n", "\n").split("\n")
    if "\r" in text:
        lines = [_last_state(line) for line in lines]
    start = [line for line in lines[:LINES_LOOKED_AT_FOR_TIMESTAMPS] if line]
    if start and all(TIMESTAMP.match(line) for line in start):
        lines = [TIMESTAMP.sub("", line) for line in lines]
    return [line[:LINE_CHARACTERS_READ] for line in lines]


def _last_state(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2]
