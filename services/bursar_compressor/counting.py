"""Counts long texts by blocks, and remembers each: what a method left as it was is not counted
again.

Blocks end where the vocabularies' patterns always end a piece: after a line end that neither a
blank nor a slash follows, and between a letter or digit and a quote, or a blank and a letter. So
the blocks' tokens sum up to those of the text. Which of these places ends one is decided by the
text just before it, so that a change moves the ends around it and no others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from zlib import crc32

from bursar.tokens.cache import CountCache
from bursar.tokens.counts import TokenCount
from bursar.tokens.families import encoding_for
from bursar.tokens.texts import look_up, measure_all

BLOCK_CHARS_MIN = 2 * 1024
BLOCK_CHARS_MAX = 32 * 1024
DECIDING_CHARS = 64
PLACES_A_BLOCK = 16  # one place in so many ends a block that is long enough

_PLACE = re.compile(r"(?<=\n)(?=[^\s/])|(?<=[A-Za-z0-9])(?=\"| [A-Za-z])")


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
    for place in _PLACE.finditer(text, begin + BLOCK_CHARS_MIN):
        end = place.start()
        if end - begin > BLOCK_CHARS_MAX or _ends_block(text[end - DECIDING_CHARS : end]):
            return end
    return len(text)


def _ends_block(before: str) -> bool:
    return crc32(before.encode("utf-8", "surrogatepass")) % PLACES_A_BLOCK == 0
