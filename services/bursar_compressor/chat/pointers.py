"""The line that stands for lines of an earlier message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bursar_compressor.markers import OPENING

QUOTED_CHARS_MIN = 8
POINTER_CHARS = 30  # of the shortest
_POINTER = re.compile(
    r'\[bursar: (?:the )?(\d{1,7}) lines (?:above )?from "(.*)"(?: on again)?'
    r"(?:, numbered ([+-]\d{1,9}))?\]"
)


@dataclass(frozen=True, slots=True)
class Pointer:
    """`lines` lines from the last one above on that begins with `quote`, blanks aside; where they
    are numbered, by so many more.
    """

    lines: int
    quote: str
    by: int = 0

    def written(self, is_first: bool) -> str:
        """The first in a conversation says in full what the later ones mean."""
        numbered = f", numbered {self.by:+}" if self.by else ""
        if is_first:
            return f'{OPENING}the {self.lines} lines above from "{self.quote}" on again{numbered}]'
        return f'{OPENING}{self.lines} lines from "{self.quote}"{numbered}]'


def pointer_of(line: str) -> Pointer | None:
    """The pointer that `line` is; None where it is none."""
    found = _POINTER.fullmatch(line)
    return Pointer(int(found[1]), found[2], int(found[3] or 0)) if found is not None else None
