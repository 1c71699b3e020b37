"""Which methods apply to which kind of text at which level: the one list of them.

`plain` methods are applied one after the other. Of the others each is tried on the original by
itself, and the shortest result is taken.
"""

from __future__ import annotations

from enum import Enum

from bursar_compressor import repeated_blocks, repeated_lines
from bursar_compressor.chat import repeats as chat
from bursar_compressor.code import methods as code
from bursar_compressor.data_methods import (
    DATA_LOSSLESS,
    DATA_PLAIN,
    DATA_SAFE,
    JSON_MINIFY,
    WHITESPACE,
)
from bursar_compressor.detection import Kind
from bursar_compressor.prose.abbreviations import ABBREVIATIONS
from bursar_compressor.prose.selection import BY_NOVELTY, BY_QUESTION
from bursar_compressor.rewriting import Method


class Level(Enum):
    """How far compression may go."""

    PLAIN = "plain"  # lossless, and read by any model as the original is
    LOSSLESS = "lossless"  # all is still in the text, in a coded form
    SAFE = "safe"  # information may leave the text, never silently, always restorable
    AGGRESSIVE = "aggressive"  # down to a target


_REPEATED_LINES = Method(repeated_lines.METHOD, lambda content, _: repeated_lines.rewrite(content))
_REPEATED_BLOCK = Method(
    repeated_blocks.METHOD, lambda content, _: repeated_blocks.rewrite(content)
)

# Their result needs nothing that stands elsewhere in the text: it may still be cut.
SELF_CONTAINED: dict[Kind, tuple[Method, ...]] = {
    Kind.PROSE: (WHITESPACE, _REPEATED_LINES),
    Kind.CODE: (WHITESPACE,),
    Kind.LOG: (WHITESPACE, _REPEATED_LINES),
    Kind.MARKDOWN: (WHITESPACE,),
    **DATA_PLAIN,
    Kind.CHAT: (JSON_MINIFY,),
}
# A pointer inside code or JSON would no longer parse.
PLAIN: dict[Kind, tuple[Method, ...]] = {
    **SELF_CONTAINED,
    Kind.PROSE: (*SELF_CONTAINED[Kind.PROSE], ABBREVIATIONS, _REPEATED_BLOCK),
    Kind.LOG: (*SELF_CONTAINED[Kind.LOG], _REPEATED_BLOCK),
    Kind.CHAT: (*SELF_CONTAINED[Kind.CHAT], chat.REPEATS),
}
_BEYOND_PLAIN: dict[tuple[Kind, Level], tuple[Method, ...]] = {
    **{(kind, Level.LOSSLESS): methods for kind, methods in DATA_LOSSLESS.items()},
    **{(kind, Level.SAFE): methods for kind, methods in DATA_SAFE.items()},
    (Kind.CHAT, Level.LOSSLESS): (chat.RENUMBERED,),
    (Kind.CHAT, Level.SAFE): (chat.RENUMBERED,),
    (Kind.CODE, Level.SAFE): (code.COMMENTS, code.SKELETON),
    (Kind.PROSE, Level.SAFE): (BY_QUESTION, BY_NOVELTY),
}
# The levels whose methods an order may use, the safest first.
_LADDER: dict[Level, tuple[Level, ...]] = {
    Level.PLAIN: (),
    Level.LOSSLESS: (Level.LOSSLESS,),
    Level.SAFE: (Level.SAFE,),
    Level.AGGRESSIVE: (Level.SAFE, Level.AGGRESSIVE),
}


def beyond_plain(kind: Kind, level: Level) -> tuple[Method, ...]:
    """The methods that `level` adds for such a text, the safest first."""
    return tuple(
        method for step in _LADDER[level] for method in _BEYOND_PLAIN.get((kind, step), ())
    )
