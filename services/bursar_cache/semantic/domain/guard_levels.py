"""How much of the guards has to be passed: all, those about facts, or none."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from bursar_cache.semantic.domain.guards import Guard


class GuardLevel(IntEnum):
    """A larger level lets more through."""

    STRICT = 0  # every guard
    FACTS = 1  # those that compare what no rewording changes
    NONE = 2


_FACTS = frozenset(
    {
        Guard.NUMBER,
        Guard.NEGATION,
        Guard.ANTONYM,
        Guard.ENTITY,
        Guard.IDENTIFIER,
        Guard.QUOTED,
    }
)


def level_passed(vetoes: Iterable[Guard]) -> GuardLevel:
    """The strictest level that a pair with these vetoes passes."""
    found = frozenset(vetoes)
    if not found:
        return GuardLevel.STRICT
    return GuardLevel.NONE if found & _FACTS else GuardLevel.FACTS
