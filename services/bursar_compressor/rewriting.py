"""What one method makes of a text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`summary` says in words what went; `hindrance` why a method that applied did nothing."""

    content: str
    summary: str = ""
    hindrance: str = ""


def unchanged(content: str, hindrance: str = "") -> Rewritten:
    """The text as it is."""
    return Rewritten(content, hindrance=hindrance)
