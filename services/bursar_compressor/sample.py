"""Pieces from all over a text that is too long to be counted whole."""

from __future__ import annotations

PIECES = 16
PIECE_LENGTH = 32 * 1024


def sampled(content: str | bytes) -> str:
    """As many characters (or bytes) as it takes to estimate the tokens of the rest; all of a short
    text.
    """
    if len(content) <= PIECES * PIECE_LENGTH:
        return _text(content)
    step = len(content) // PIECES
    return "".join(_text(content[at * step : at * step + PIECE_LENGTH]) for at in range(PIECES))


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode("latin-1")
