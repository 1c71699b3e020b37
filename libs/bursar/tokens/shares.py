"""How the tokens of a call are split between what is read and what is written.

The planner expects what the executor will do, so both ask here.
"""

from __future__ import annotations

from typing import NamedTuple

OUTPUT_DIVISOR = 4
OUTPUT_TOKENS_MAX = 4_096


class Shares(NamedTuple):
    """They sum to the budget they are of."""

    input_tokens: int
    output_tokens: int


def shares_of(max_tokens: int) -> Shares:
    """A quarter to write, at most 4,096 tokens; the rest to read."""
    output_tokens = min(max_tokens // OUTPUT_DIVISOR, OUTPUT_TOKENS_MAX)
    return Shares(max_tokens - output_tokens, output_tokens)
