"""Findings of a tool that looked before another one changed its files: they may be gone, and their
lines have moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bursar_executor.backends.backend import Outcome


def outdated(outcomes: Sequence[Outcome]) -> list[int]:
    """Places of outcomes with findings that are left, in files that a later one changed."""
    found: list[int] = []
    changed_later: frozenset[str] = frozenset()
    for place in range(len(outcomes) - 1, -1, -1):
        outcome = outcomes[place]
        is_left = any(not finding.is_fixed for finding in outcome.findings)
        if is_left and outcome.error is None and outcome.read_paths & changed_later:
            found.append(place)
        changed_later |= outcome.files.keys() | outcome.deleted_paths
    return found[::-1]


def without_what_is_left(outcome: Outcome) -> Outcome:
    """What it mended, without what it will say anew."""
    return replace(outcome, findings=tuple(found for found in outcome.findings if found.is_fixed))
