"""A conversation as it is sent: lines that stood in an earlier message give way to a pointer, once,
when a message enters, and never after.

So what the first messages become does not depend on later ones, and a provider's cache of them goes
on being hit. An edited file that is sent again becomes pointers around its changed lines.
"""

from __future__ import annotations

from bursar_compressor.chat.earlier_lines import LONG_LINE_CHARS, EarlierLines, Found, Keys, keys_of
from bursar_compressor.chat.pointers import POINTER_CHARS, Pointer, pointer_of
from bursar_compressor.markers import OPENING
from bursar_compressor.rewriting import Count

BLOCK_LINES_MIN = 2
SAVED_CHARS_MIN = 24  # a pointer's words cost more tokens a character than most text
MESSAGE_CHARS_MIN = 60
# Lines that were compared and led to no pointer, for each line of a message: with more the search
# ends, so that its time stays in proportion to the text.
WASTED_PER_LINE_MAX = 8
LINES_MAX = 200_000  # of a whole conversation; what comes after stays as it is


class Conversation:
    """Takes the messages one after the other. With `may_renumber`, lines that a tool numbers are
    found again further down.
    """

    def __init__(self, may_renumber: bool = True) -> None:
        self._earlier = EarlierLines(may_renumber)
        self._pointers = 0

    def entered(self, text: str, may_change: bool = True, count: Count | None = None) -> str:
        """The next message as it is sent: never with more tokens, by `count`. What Bursar wrote
        into before stays as it is.
        """
        lines = text.split("\n")
        if len(self._earlier.lines) + len(lines) > LINES_MAX:
            return text
        keys = keys_of(lines)
        sent, is_seen = lines, [True] * len(lines)
        if may_change and len(text) >= MESSAGE_CHARS_MIN and OPENING not in text:
            shorter, seen = self._with_pointers(lines, keys)
            if self._is_better(shorter, lines, count):
                sent, is_seen = shorter, seen
                self._pointers += 1
        self._earlier.add(lines, keys, is_seen)
        return "\n".join(sent)

    def _is_better(self, shorter: list[str], lines: list[str], count: Count | None) -> bool:
        if shorter == lines or self.expanded(shorter) != lines:
            return False
        return count is None or count("\n".join(shorter)) < count("\n".join(lines))

    def expanded(self, sent: list[str]) -> list[str]:
        """The lines of the next message as they were before pointers took their place."""
        lines: list[str] = []
        for line in sent:
            pointer = pointer_of(line) if line.startswith(OPENING) else None
            found = self._earlier.at(pointer) if pointer is not None else None
            if found is None:
                lines.append(line)
            else:
                lines += found
        return lines

    def _with_pointers(self, lines: list[str], keys: Keys) -> tuple[list[str], list[bool]]:
        """The lines that are sent, and of each that came whether it can be seen."""
        sent: list[str] = []
        is_seen: list[bool] = []
        at = wasted_lines = 0
        for begin in self._earlier.possible_begins(keys):
            if begin < at:
                continue
            found = self._earlier.longest(keys, begin)
            pointer = self._pointer(lines[begin : begin + found.lines], found)
            if pointer is None:
                wasted_lines += found.lines
                if wasted_lines > WASTED_PER_LINE_MAX * len(lines):
                    break
                continue
            is_first = not self._pointers and len(sent) == len(is_seen)
            sent += [*lines[at:begin], pointer.written(is_first)]
            is_seen += [True] * (begin - at) + [False] * found.lines
            at = begin + found.lines
        return [*sent, *lines[at:]], [*is_seen, *[True] * (len(lines) - at)]

    def _pointer(self, block: list[str], found: Found) -> Pointer | None:
        if not block or (len(block) < BLOCK_LINES_MIN and len(block[0]) < LONG_LINE_CHARS):
            return None
        chars = sum(map(len, block)) + len(block)
        if chars < POINTER_CHARS + SAVED_CHARS_MIN:
            return None
        pointer = self._earlier.pointer_to(found)
        if pointer is None or chars - len(pointer.written(False)) < SAVED_CHARS_MIN:
            return None
        return pointer
