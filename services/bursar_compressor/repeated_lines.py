"""Runs of one repeated line in a log, as the line and how many more times it stood there.

Level plain: every line can be written out again from what is left.
"""

from __future__ import annotations

from itertools import groupby

from bursar_compressor.markers import is_marker, repeated_line
from bursar_compressor.rewriting import Rewritten, unchanged

METHOD = "repeated_lines"
RUN_LINES_MIN = 3


def rewrite(content: str) -> Rewritten:
    """Only exact copies directly after each other count; blank lines and markers stay."""
    kept: list[str] = []
    dropped_lines = 0
    for line, run in groupby(content.split("\n")):
        count = sum(1 for _ in run)
        if count < RUN_LINES_MIN or not line.strip() or is_marker(line):
            kept += [line] * count
            continue
        kept += [line, repeated_line(count - 1)]
        dropped_lines += count - 1
    if not dropped_lines:
        return unchanged(content)
    return Rewritten("\n".join(kept), f"{dropped_lines} lines that repeat the line above them")
