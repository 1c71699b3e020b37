"""Counts long texts by blocks, and remembers each: what a method left as it was is not counted
again.

Blocks end where the vocabularies' patterns always end a piece: after a line end that neither a
blank nor a slash follows. So the blocks' tokens sum up to those of the text. Where they end is
decided by the line before alone, so that a change moves the ends around it and no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

from bursar.tokens.cache import CountCache
from bursar.tokens.counts import TokenCount
from bursar.tokens.families import encoding_for
from bursar.tokens.texts import look_up, measure_all

BLOCK_CHARS_MIN = 2 * 1024
BLOCK_CHARS_MAX = 32 * 1024
ENDS_PER_LINE = 8  # one line in so many ends a block that is long enough


def count(text: str, model: str, cache: CountCache) -> TokenCount:
    """The same as `count_text` of the whole."""
    choice = encoding_for(model)
    known, missing = look_up(list(blocks(text)), choice.name, cache)
    return choice.count(measure_all(missing, choice.name, cache, known))


def blocks(text: str) -> Iterator[str]:
    """In order; together they are the text."""
    begin = 0
    while (end := _end_of_block(text, begin)) < len(text):
        yield text[begin:end]
        begin = end
    yield text[begin:]


def _end_of_block(text: str, begin: int) -> int:
    at = begin + BLOCK_CHARS_MIN
    while (end := text.find("\n", at) + 1) and end < len(text):
        is_end = _ends_blocks(text[text.rfind("\n", 0, end - 1) + 1 : end])
        if (is_end or end - begin > BLOCK_CHARS_MAX) and _begins_a_piece(text[end]):
            return end
        at = end
    return len(text)


def _ends_blocks(line: str) -> bool:
    return crc32(line.encode("utf-8", "surrogatepass")) % ENDS_PER_LINE == 0


def _begins_a_piece(character: str) -> bool:
    return character != "/" and not character.isspace()
