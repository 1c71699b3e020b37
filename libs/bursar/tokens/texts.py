"""Counting one text: as ordinary text, whatever it spells, and in bounded time.

Two kinds of text break a tokeniser. A run of a million blanks overflows the regular expression's
stack inside tiktoken, which panics; a run of letters is one piece whose merging grows faster than
its length. So runs are cut at RUN_CHARACTERS_MAX, where blanks still have fifteen-fold room.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

from bursar.tokens.cache import CountCache, block_key
from bursar.tokens.chat_parts import Block
from bursar.tokens.counts import EMPTY, TextMeasure, TokenCount
from bursar.tokens.families import encoding_for
from bursar.tokens.vocabulary import encoding

EncodedBlocks: TypeAlias = "Sequence[tuple[Block, bytes, bytes]]"
"""Each block, its bytes, and the key they are known by; empty where they are not."""

RUN_CHARACTERS_MAX = 65_536
# Shorter blocks are kept as they are: to hash them takes as long as to count them.
CACHED_FROM_BYTES = 128
SHORT_TEXTS_MAX = 4096

# Anchored at a run's start, so that a run is walked once; possessive, so that it is never retried.
_OVERLONG_RUN = rf"(?<!\s)\s{{{RUN_CHARACTERS_MAX},}}+|(?<!\S)\S{{{RUN_CHARACTERS_MAX},}}+"
_DIGITS = b"0123456789"


def count_text(text: str, model: str, cache: CountCache | None = None) -> TokenCount:
    """The tokens of `text` for `model`.

    What spells a special token, such as `<|endoftext|>`, counts as the ordinary text it is. The
    first call for a vocabulary loads it; raises FailedPrecondition when its file is damaged.
    """
    choice = encoding_for(model)
    known, missing = look_up((text,), choice.name, cache)
    return choice.count(measure_all(missing, choice.name, cache, known))


def look_up(
    blocks: Sequence[Block], vocabulary: str, cache: CountCache | None
) -> tuple[TextMeasure, EncodedBlocks]:
    """What the cache knows of `blocks`, and those that it does not."""
    missing: list[tuple[Block, bytes, bytes]] = []
    tokens = digits = utf8_bytes = cuts = 0
    for block in blocks:
        source = block.encode("utf-8", "surrogatepass") if isinstance(block, str) else block.source
        key, known = b"", None
        if cache is not None and len(source) >= CACHED_FROM_BYTES:
            key = block_key(vocabulary, source)
            known = cache.get(key)
        if known is None:
            missing.append((block, source, key))
        else:
            tokens += known.tokens
            digits += known.digits
            utf8_bytes += known.utf8_bytes
            cuts += known.cuts
    return TextMeasure(tokens, digits, utf8_bytes, cuts), missing


def measure_all(
    blocks: EncodedBlocks, vocabulary: str, cache: CountCache | None, known: TextMeasure = EMPTY
) -> TextMeasure:
    """Counts all of `blocks` and remembers the longer ones; `known` is added."""
    tokens, digits, utf8_bytes, cuts = known
    for block, source, key in blocks:
        if isinstance(block, str):
            is_short = len(source) < CACHED_FROM_BYTES
            found = (_measure_short if is_short else _measure)(block, source, vocabulary)
        else:
            found = measure(block.render(), vocabulary)
        if key and cache is not None:
            cache.put(key, found)
        tokens += found.tokens
        digits += found.digits
        utf8_bytes += found.utf8_bytes
        cuts += found.cuts
    return TextMeasure(tokens, digits, utf8_bytes, cuts)


def measure(text: str, vocabulary: str) -> TextMeasure:
    """Counts one text. Lone surrogates count as U+FFFD, as tiktoken takes them."""
    return _measure(text, text.encode("utf-8", "surrogatepass"), vocabulary)


@lru_cache(maxsize=SHORT_TEXTS_MAX)
def _measure_short(text: str, source: bytes, vocabulary: str) -> TextMeasure:
    return _measure(text, source, vocabulary)


def _measure(text: str, source: bytes, vocabulary: str) -> TextMeasure:
    """`source` is the text in UTF-8."""
    encode = encoding(vocabulary).encode_ordinary
    size_bytes = len(source)
    digits = size_bytes - len(source.translate(None, _DIGITS))
    if len(text) <= RUN_CHARACTERS_MAX:
        return TextMeasure(len(encode(text)), digits, size_bytes)
    pieces = tuple(_pieces(text))
    tokens = sum([len(encode(piece)) for piece in pieces])
    return TextMeasure(tokens, digits, size_bytes, cuts=len(pieces) - 1)


def _pieces(text: str) -> Iterator[str]:
    """`text` cut inside its overlong runs and nowhere else."""
    start = 0
    for run in re.finditer(_OVERLONG_RUN, text):
        for cut in range(run.start() + RUN_CHARACTERS_MAX, run.end(), RUN_CHARACTERS_MAX):
            yield text[start:cut]
            start = cut
    yield text[start:]
