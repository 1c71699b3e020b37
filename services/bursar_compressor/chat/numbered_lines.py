"""Lines that tools number: `12:text`, `  12<tab>text`. The same code further down has other
numbers and is still the same code.
"""

from __future__ import annotations

import re

_NUMBERED = re.compile(r"( *)([1-9]\d{0,8})([:\t|→].*)", re.DOTALL)


def key_of(line: str) -> tuple[str, int] | None:
    """What is left of the line when it is numbered anew, and its number; None where it has none.

    The columns that the number is aligned in belong to the first: 9 and 10 stand alike in them.
    """
    found = _NUMBERED.fullmatch(line)
    if found is None:
        return None
    indent, digits, rest = found.groups()
    width = len(indent) + len(digits) if indent else 0
    return f"{width}\0{rest}", int(digits)


def renumbered(line: str, by: int) -> str:
    """The line with its number moved; the columns stay where the tool aligned them."""
    found = _NUMBERED.fullmatch(line) if by else None
    if found is None:
        return line
    indent, digits, rest = found.groups()
    width = len(indent) + len(digits) if indent else 0
    return str(int(digits) + by).rjust(width) + rest
