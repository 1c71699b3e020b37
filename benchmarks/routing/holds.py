"""How tight holds are that were learned from a trace of real calls, predict first and learn
after.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from bursar_planner.domain.learned.ladder import Ladder

BOUND_TOKENS = 4_096


@dataclass(frozen=True, slots=True)
class Holds:
    """Over the calls that were scored."""

    hold_ratio: float  # tokens held in the end, over tokens used
    sufficient_pct: float
    topups_per_request: float


def trace(path: Path) -> list[tuple[int, int]]:
    """Tokens read and written, in the order of the calls."""
    with path.open() as lines:
        rows = csv.DictReader(lines)
        return [(int(row["ContextTokens"]), int(row["GeneratedTokens"])) for row in rows]


def measure(calls: list[tuple[int, int]], scored_from: int) -> Holds:
    """Learns from every call, scores those from `scored_from` on: each is held by what the calls
    before it taught, topped up rung by rung.
    """
    ladder, held, used, enough, topups = Ladder(), 0, 0, 0, 0
    for number, (input_tokens, output_tokens) in enumerate(calls):
        if number >= scored_from:
            rungs = ladder.rungs(input_tokens, BOUND_TOKENS)
            rung = next(
                (index for index, tokens in enumerate(rungs) if tokens >= output_tokens),
                len(rungs) - 1,
            )
            held += rungs[rung]
            used += output_tokens
            enough += rungs[rung] >= output_tokens
            topups += rung
        ladder.learn(input_tokens, output_tokens)
    count = len(calls) - scored_from
    return Holds(held / used, 100 * enough / count, topups / count)
