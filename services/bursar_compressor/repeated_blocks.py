"""A block of lines that stands in the text a second time, as one line that points at the first.

Level plain: the pointer names how many lines, and the first and last of them, so it stays true when
the text becomes part of a longer one. It means the first such lines above it, and is used only
where those are the block.
"""

from __future__ import annotations

from bursar_compressor.markers import is_block_pointer, is_marker, quoted, repeated_block
from bursar_compressor.rewriting import Rewritten, unchanged

METHOD = "repeated_block"
BLOCK_LINES_MIN = 3
SAVED_CHARS_MIN = 40  # a shorter block costs about as many tokens as its pointer
PLACES_COMPARED_MAX = 16  # a first line that stands in more places names nothing
# Comparisons that led to no pointer, for each line of the text: with more the search ends, so that
# its time stays in proportion to the text.
WASTED_PER_LINE_MAX = 8
LINES_MAX = 300_000  # with more, this would take longer than all other methods together
_NOWHERE = -1


def rewrite(content: str) -> Rewritten:
    """Greedy from the top, each copy against the first place of its first lines.

    A text that holds pointers already is left alone: they are true of it as it is.
    """
    lines = content.split("\n")
    if any(map(is_block_pointer, lines)):
        return unchanged(content)
    if len(lines) > LINES_MAX:
        return unchanged(content, f"not looked for: more than {LINES_MAX} lines")
    kept = _KeptLines(wasted_max=WASTED_PER_LINE_MAX * len(lines))
    at = dropped_lines = 0
    while at < len(lines):
        block = kept.copy_of(lines, at)
        if block:
            kept.add(repeated_block(block))
            dropped_lines += len(block)
            at += len(block)
        else:
            kept.add(lines[at])
            at += 1
    if not dropped_lines:
        return unchanged(content)
    return Rewritten("\n".join(kept.lines), f"{dropped_lines} lines of blocks that stand above")


class _KeptLines:
    """The result so far, and where its blocks begin. Markers belong to no block."""

    def __init__(self, wasted_max: int) -> None:
        self.lines: list[str] = []
        self._wasted_left = wasted_max
        self._run_begins: list[int] = []  # of each line: where its run without markers begins
        self._first_place: dict[tuple[str, ...], int] = {}  # of each BLOCK_LINES_MIN lines
        self._places: dict[str, list[int]] = {}  # of each line as a pointer quotes it

    def add(self, line: str) -> None:
        place = len(self.lines)
        self.lines.append(line)
        if is_marker(line):
            self._run_begins.append(_NOWHERE)
            return
        after_marker = place == 0 or self._run_begins[-1] == _NOWHERE
        self._run_begins.append(place if after_marker else self._run_begins[-1])
        self._places.setdefault(quoted(line), []).append(place)
        begin = place - BLOCK_LINES_MIN + 1
        if begin >= self._run_begins[-1]:
            self._first_place.setdefault(tuple(self.lines[begin:]), begin)

    def copy_of(self, lines: list[str], at: int) -> list[str]:
        """The longest block from `at` that stands above; empty when a pointer would not pay."""
        place = self._first_place.get(tuple(lines[at : at + BLOCK_LINES_MIN]))
        if place is None or self._wasted_left <= 0 or not quoted(lines[at]):
            return []
        block = self._common_lines(place, lines, at)
        if self._is_worth_a_pointer(block, place):
            return block
        self._wasted_left -= 1 + len(block)
        return []

    def _is_worth_a_pointer(self, block: list[str], place: int) -> bool:
        if len(block) < BLOCK_LINES_MIN:
            return False
        pointer = repeated_block(block)
        saved_chars = sum(map(len, block)) + len(block) - len(pointer)
        return saved_chars >= SAVED_CHARS_MIN and self._pointed_at(pointer, block) == place

    def _common_lines(self, place: int, lines: list[str], at: int) -> list[str]:
        length, most = 0, min(len(self.lines) - place, len(lines) - at)
        while length < most and self.lines[place + length] == lines[at + length]:
            if is_marker(lines[at + length]):
                break
            length += 1
        while length and not lines[at + length - 1].strip():
            length -= 1  # a blank last line would name nothing
        return lines[at : at + length]

    def _pointed_at(self, pointer: str, block: list[str]) -> int:
        """Where a reader who looks for the pointer's words from the top finds them first."""
        places = self._places[quoted(block[0])]
        for place in places[:PLACES_COMPARED_MAX]:
            last = place + len(block) - 1
            if (
                last < len(self.lines)
                and self._run_begins[last] == self._run_begins[place]
                and repeated_block(self.lines[place : last + 1]) == pointer
            ):
                return place
        return _NOWHERE
