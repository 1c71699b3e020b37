"""Parts of an original, as markers name them: `L12-53` are lines 12 to 53, counted from 1 and with
their ends; `B100+4900` are 4,900 bytes of its UTF-8 from byte 100 on, counted from 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bursar.errors import InvalidRequest

_PART = re.compile(r"L(\d{1,12})-(\d{1,12})|B(\d{1,12})\+(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines `first` to `last`; both belong to it."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"L{self.first}-{self.last}"

    def of(self, original: bytes) -> bytes:
        """Exactly these bytes of it; what lies beyond its end is empty."""
        lines = original.split(b"\n", self.last)
        wanted = b"\n".join(lines[self.first - 1 : self.last])
        return wanted + b"\n" if len(lines) > self.last else wanted


@dataclass(frozen=True, slots=True)
class Bytes:
    """`length` bytes from `begin` on."""

    begin: int
    length: int

    def __str__(self) -> str:
        return f"B{self.begin}+{self.length}"

    def of(self, original: bytes) -> bytes:
        """Exactly these bytes of it; what lies beyond its end is empty."""
        return original[self.begin : self.begin + self.length]


Part = Lines | Bytes


def part_of(text: str) -> Part:
    """The part that `text` names. Raises InvalidRequest."""
    found = _PART.fullmatch(text)
    if found is None or (found[1] and not 1 <= int(found[1]) <= int(found[2])):
        remedy = "use L and a range of lines such as L12-53, or B, a byte and a length: B100+4900"
        raise InvalidRequest.of("part", text, remedy)
    if found[1]:
        return Lines(int(found[1]), int(found[2]))
    return Bytes(int(found[3]), int(found[4]))
