"""What a query or a patch is about: the functions whose bodies it needs to see."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(rb"[^\W\d]\w{2,}")
_CHANGED_LINE = re.compile(rb"^[-+ ](?![-+]{2} )(.*\S.*)$", re.MULTILINE)
_HUNK = re.compile(rb"^@@ .* @@(.*)$", re.MULTILINE)
LINE_BYTES_MIN = 8  # a shorter line, such as a brace, stands in every function


@dataclass(frozen=True, slots=True)
class Focus:
    """Names that were asked for, lines that a patch names, and whether docstrings are wanted."""

    names: frozenset[bytes]
    lines: frozenset[bytes] = frozenset()
    docstrings: bool = True

    def touches(self, name: bytes, body: bytes) -> bool:
        """Whether a function of that name and body has to stay whole."""
        if name in self.names:
            return True
        return bool(self.lines) and any(line.strip() in self.lines for line in body.split(b"\n"))


def focus_of(query: str, docstrings: bool = True) -> Focus:
    """A patch touches the functions that hold its lines; other text those that it names."""
    asked = query.encode("utf-8", "replace")
    if not _HUNK.search(asked):
        return Focus(frozenset(_NAME.findall(asked)), docstrings=docstrings)
    lines = {line.strip() for line in _CHANGED_LINE.findall(asked)}
    names = {name for rest in _HUNK.findall(asked) for name in _NAME.findall(rest)}
    telling = frozenset(line for line in lines if len(line) >= LINE_BYTES_MIN)
    return Focus(frozenset(names), telling, docstrings)
