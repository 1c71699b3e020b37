"""The pieces of a text that say most of it, in their order, within a number of tokens."""

from __future__ import annotations

from collections.abc import Callable

from bursar_compressor.boundaries import units
from bursar_compressor.detection import Kind
from bursar_compressor.markers import is_marker
from bursar_compressor.relevance import weights
from bursar_compressor.severity import is_severe

WEIGHED_CHARS_MAX = 4_000_000  # of a longer text only every n-th piece is weighed
TRIED_UNITS_MAX = 4_000
SPARE_TOKENS_MIN = 4  # with less to fill, the search ends


def extract(
    text: str, kind: Kind, query: str, budget_tokens: int, count: Callable[[str], int]
) -> list[str]:
    """The heaviest pieces that fit, without the blanks at their ends, each text once."""
    candidates = _candidates(text, kind, query)
    weighed = weights([unit for _, unit in candidates], kind, query)
    order = sorted(range(len(candidates)), key=lambda index: (-weighed[index], index))
    chosen: dict[str, int] = {}
    for index in order[:TRIED_UNITS_MAX]:
        if budget_tokens < SPARE_TOKENS_MIN or not weighed[index]:
            break
        place, unit = candidates[index]
        shown = unit.rstrip()
        if not shown or shown in chosen:
            continue
        tokens = count(shown + "\n")
        if tokens <= budget_tokens:
            chosen[shown] = place
            budget_tokens -= tokens
    return sorted(chosen, key=lambda unit: chosen[unit])


def _candidates(text: str, kind: Kind, query: str) -> list[tuple[int, str]]:
    every = [(place, unit) for place, unit in enumerate(units(text, kind)) if not is_marker(unit)]
    if len(text) <= WEIGHED_CHARS_MAX:
        return every
    step = -(-len(text) // WEIGHED_CHARS_MAX)
    asked = query.lower().split()
    return [
        (place, unit)
        for place, unit in every
        if place % step == 0
        or (kind is Kind.LOG and is_severe(unit))
        or any(word in unit.lower() for word in asked)
    ]
