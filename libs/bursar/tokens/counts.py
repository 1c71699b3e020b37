"""What a count says, and what of a text it is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

PERMILLE = 1_000


# A tuple, as the measure below: several are made for each call.
class TokenCount(NamedTuple):
    """Tokens of a text or of a whole request.

    `bound_tokens` is for holds: never fewer than `tokens`, and for an estimate so many more that
    every published measurement fits. `reason` says what makes it an estimate; empty when exact.
    """

    tokens: int
    bound_tokens: int
    is_estimate: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PartTokens:
    """What one part of a request costs that is no text: the count, and the most it can be."""

    tokens: int
    bound_tokens: int


class TextMeasure(NamedTuple):
    """What the counts of every model follow from: one vocabulary's tokens, digits, and size.

    `cuts` is how often an overlong run had to be cut, each of which can move the count a little.
    """

    tokens: int
    digits: int
    utf8_bytes: int
    cuts: int = 0


EMPTY = TextMeasure(0, 0, 0)


def ceil_div(dividend: int, divisor: int) -> int:
    """Rounded up."""
    return -(-dividend // divisor)
