"""Which thought level a complexity is worth."""

from __future__ import annotations

from fractions import Fraction

from bursar_planner.domain import tables
from bursar_planner.domain.tables import LevelTerms
from bursar_planner.domain.task import Task
from bursar_planner.domain.vocabulary import CompressionLevel


def discounted(complexity: Fraction, *, is_near_limit: bool) -> Fraction:
    """Near a limit a task is given less thought than it would get elsewhere."""
    return complexity * tables.NEAR_DISCOUNT if is_near_limit else complexity


def terms_of(complexity: Fraction) -> LevelTerms:
    """The highest level that begins at or below `complexity`: exactly 0.2 is SIMPLE."""
    return next(terms for terms in reversed(tables.LEVELS) if terms.least <= complexity)


def compression_of(terms: LevelTerms, task: Task) -> CompressionLevel:
    """The level's own, unless what comes with the task does not fit its budget."""
    if task.context_tokens > terms.max_tokens:
        return CompressionLevel.AGGRESSIVE
    return terms.compression
