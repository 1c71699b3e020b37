"""The lines that compression writes into a text, and how they are known again.

A marker is never compressed itself, so that compressing twice changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OPENING = "[bursar: "
END_OF_EXTRACT = "[bursar: end of the extract]"
_MARKER = re.compile(r"\[bursar: .*\]\s*")
_BLOCK_POINTER = re.compile(r"\[bursar: \d+ lines as above, .*\]\s*")
# The first line of a text in which all the rest is to be read by that line.
CODED = f"{OPENING}coded: "
_WORD = "bursar: "  # in every marker, whatever brackets or comment signs stand around it
_ORIGINAL = re.compile(r"\bblob_[0-9a-f]{64}\b")
_QUOTED_CHARS_MAX = 60


def is_marker(line: str) -> bool:
    """Whether compression wrote this line, now or in an earlier pass."""
    return line.startswith(OPENING) and _MARKER.fullmatch(line) is not None


def is_block_pointer(line: str) -> bool:
    """Whether the line stands for a block above it."""
    return line.startswith(OPENING) and _BLOCK_POINTER.fullmatch(line) is not None


def is_coded(content: str) -> bool:
    """Whether the text is in one of our coded forms, in which no line stands for itself."""
    return content.startswith(CODED)


def points_at_an_original(content: str) -> bool:
    """Whether something was left out already: an original that is kept is never itself a text with
    holes.
    """
    return _WORD in content and _ORIGINAL.search(content) is not None


def repeated_line(further_times: int) -> str:
    """Stands for as many further copies of the line above it."""
    times = "once more" if further_times == 1 else f"{further_times} more times"
    return f"{OPENING}the line above {times}]"


def repeated_block(lines: list[str]) -> str:
    """Stands for `lines`, which stand above: names how many, and the first and last of them."""
    return f'{OPENING}{len(lines)} lines as above, "{quoted(lines[0])}" to "{quoted(lines[-1])}"]'


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a truncation took from between two lines of a text, and what restores the whole.

    Lines count from 1; a single-line text has only line 1.
    """

    tokens: int
    first_line: int
    last_line: int
    severe_lines: int
    reference: str


def left_out(went: LeftOut, has_extract: bool) -> str:
    """Stands where the middle of a text was."""
    lines = f"line {went.first_line}"
    if went.last_line > went.first_line:
        lines = f"lines {went.first_line}-{went.last_line}"
    severe = f", {went.severe_lines} severe lines among them" if went.severe_lines else ""
    extract = "; an extract follows" if has_extract else ""
    return (
        f"{OPENING}{went.tokens} tokens of {lines} are left out{severe}{extract}; "
        f"the whole text: {went.reference}]"
    )


def quoted(line: str) -> str:
    """A line cut to what tells it from others, for a marker."""
    shown = line.strip()
    return shown if len(shown) <= _QUOTED_CHARS_MAX else shown[: _QUOTED_CHARS_MAX - 1] + "…"
