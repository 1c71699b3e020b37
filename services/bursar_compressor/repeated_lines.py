"""Runs of one repeated line, as the line and how many more times it stood there.

Level plain: every line can be written out again from what is left.
"""

from __future__ import annotations

from itertools import groupby

from bursar_compressor.markers import is_marker, repeated_line
from bursar_compressor.rewriting import Rewritten, unchanged

METHOD = "repeated_lines"
SAVED_CHARS_MIN = 10  # a shorter run costs about as many tokens as the count of it


def rewrite(content: str) -> Rewritten:
    """Only exact copies directly after each other count; blank lines and markers stay."""
    kept: list[str] = []
    dropped_lines = 0
    for line, run in groupby(content.split("\n")):
        further_times = sum(1 for _ in run) - 1
        if further_times and _is_worth_a_count(line, further_times):
            kept += [line, repeated_line(further_times)]
            dropped_lines += further_times
        else:
            kept += [line] * (1 + further_times)
    if not dropped_lines:
        return unchanged(content)
    return Rewritten("\n".join(kept), f"{dropped_lines} lines that repeat the line above them")


def _is_worth_a_count(line: str, further_times: int) -> bool:
    saved_chars = further_times * (len(line) + 1) - len(repeated_line(further_times))
    return saved_chars >= SAVED_CHARS_MIN and bool(line.strip()) and not is_marker(line)
