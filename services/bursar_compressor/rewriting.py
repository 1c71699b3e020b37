"""What one method makes of a text, and what every method promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from bursar_compressor.detection import Kind
from bursar_compressor.parts import Part

Count = Callable[[str], int]


class Extra(Enum):
    """What is done only where it is asked for."""

    ABBREVIATIONS = "abbreviations"
    NOVELTY = "novelty"
    DOCSTRINGS = "docstrings"


@dataclass(frozen=True, slots=True)
class Options:
    """What a method may need beside the text.

    reference: restores the whole text as the method is given it; the service keeps the original
    under it before the result goes out. target_tokens: 0 where there is none. Pure: `count` gives
    the same tokens for the same text.
    """

    kind: Kind
    reference: str
    count: Count
    query: str = ""
    target_tokens: int = 0
    extras: frozenset[Extra] = frozenset()


@dataclass(frozen=True, slots=True)
class Rewritten:
    """`summary` says in words what went; `hindrance` why a method that applied did nothing.

    elided: the parts of the text that are no longer in `content`, by their place in the original;
    empty where everything is still there.
    """

    content: str
    summary: str = ""
    hindrance: str = ""
    elided: tuple[Part, ...] = ()


class Rewrite(Protocol):
    """A pure function. It may give back a longer text, or one with less than it should hold: the
    domain compares, and takes the result only where it is shorter and keeps what is protected.
    """

    def __call__(self, content: str, options: Options, /) -> Rewritten: ...


@dataclass(frozen=True, slots=True)
class Method:
    """A named way to say the same in fewer tokens."""

    name: str
    rewrite: Rewrite


def unchanged(content: str, hindrance: str = "") -> Rewritten:
    """The text as it is."""
    return Rewritten(content, hindrance=hindrance)
