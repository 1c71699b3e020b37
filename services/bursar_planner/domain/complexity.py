"""How complex a task is: four factors, counted exactly."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from bursar_planner.domain import tables
from bursar_planner.domain.numerals import counted, decimal_text
from bursar_planner.domain.tables import FactorTerms
from bursar_planner.domain.task import Task

COUNTS_REMEMBERED_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Factor:
    """What one factor found, in words, and its share of the complexity."""

    name: str
    observed: str
    share: Fraction


@dataclass(frozen=True, slots=True)
class Complexity:
    """From 0 to 1, and the factors that make it up, each of them present."""

    value: Fraction
    factors: tuple[Factor, ...]

    def words(self) -> str:
        """`complexity 0.40: description 212 characters (+0.20), 1 tool (+0.20)`."""
        found = [factor for factor in self.factors if factor.share]
        shares = ", ".join(
            f"{_subject(factor)} (+{decimal_text(factor.share)})" for factor in found
        )
        return f"complexity {decimal_text(self.value)}: {shares or 'nothing makes it so'}"


def complexity_of(task: Task) -> Complexity:
    """Each factor up to its cap; all together at most 1."""
    return _complexity(
        len(task.description),
        len(task.dependencies),
        len(task.required_tools),
        task.complexity_hint,
    )


# Fractions take a tenth of a plan's time, and tasks are alike in their counts.
@lru_cache(maxsize=COUNTS_REMEMBERED_MAX)
def _complexity(
    characters: int, dependencies: int, tools: int, hint: Fraction | None
) -> Complexity:
    factors = (
        _factor(tables.DESCRIPTION, characters),
        _factor(tables.DEPENDENCIES, dependencies),
        _factor(tables.REQUIRED_TOOLS, tools),
        _hint_factor(hint),
    )
    total = sum((factor.share for factor in factors), Fraction(0))
    return Complexity(min(total, tables.COMPLEXITY_MAX), factors)


def _factor(terms: FactorTerms, count: int) -> Factor:
    share = min(Fraction(count, terms.full_scale), terms.share_max)
    return Factor(terms.name, counted(count, terms.singular, terms.plural), share)


def _hint_factor(hint: Fraction | None) -> Factor:
    if hint is None:
        return Factor(tables.HINT, "none given", Fraction(0))
    return Factor(tables.HINT, decimal_text(hint), hint * tables.HINT_WEIGHT)


def _subject(factor: Factor) -> str:
    """The count says by itself what it counts, but for these two."""
    if factor.name in (tables.DESCRIPTION.name, tables.HINT):
        return f"{factor.name} {factor.observed}"
    return factor.observed
