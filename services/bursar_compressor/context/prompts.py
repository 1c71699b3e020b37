"""The shortest text by which a model that saw some contexts comes to know others.

Each context is told by the form that takes fewest tokens: a line that names what was seen, what
changed since, or the full text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from bursar_compressor.context.deltas import delta
from bursar_compressor.context.references import shown
from bursar_compressor.markers import OPENING
from bursar_compressor.rewriting import Count

BASES_TRIED_MAX = 4
SHARED_LINES_PCT_MIN = 20  # with fewer a delta would be longer than the text


class Form(Enum):
    """How a context stands in a prompt."""

    FULL = "full"
    DELTA = "delta"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Context:
    """A version: what people call it, its reference and its content."""

    reference: str
    content: str
    name: str = ""

    @property
    def title(self) -> str:
        return f"{self.name} {shown(self.reference)}".strip()


@dataclass(frozen=True, slots=True)
class Piece:
    """A context as it stands in a prompt. `base` is what a delta starts from."""

    reference: str
    form: Form
    text: str
    tokens: int
    base: str = ""


def pieces(wanted: Sequence[Context], seen: Sequence[Context], count: Count) -> list[Piece]:
    """One for each of `wanted`, in order. What an earlier one tells is seen by the later ones."""
    known = list(seen)
    told: list[Piece] = []
    for context in wanted:
        possible = _forms(context, known, count)
        told.append(min(possible, key=lambda piece: piece.tokens))
        known.append(context)
    return told


def prompt(told: Sequence[Piece]) -> str:
    """The pieces one after the other."""
    return "".join(piece.text for piece in told)


def full(context: Context, count: Count) -> Piece:
    """The whole text under a line that names it."""
    text = f"{OPENING}{context.title}]\n{_ended(context.content)}"
    return Piece(context.reference, Form.FULL, text, count(text))


def _forms(context: Context, known: Sequence[Context], count: Count) -> Iterator[Piece]:
    """The full text first: where another form takes as many tokens, it is read more easily."""
    yield full(context, count)
    if any(other.reference == context.reference for other in known):
        text = f"{OPENING}{context.title}, as above]\n"
        yield Piece(context.reference, Form.REFERENCE, text, count(text))
        return
    for base in _alike(context, known):
        changes = delta(base.content, context.content)
        text = f"{OPENING}{context.title} is {shown(base.reference)} but for]\n{_ended(changes)}"
        yield Piece(context.reference, Form.DELTA, text, count(text), base.reference)


def _alike(context: Context, known: Sequence[Context]) -> list[Context]:
    """Those that share most lines with it."""
    lines = set(context.content.split("\n"))
    shared = [len(lines.intersection(other.content.split("\n"))) for other in known]
    order = sorted(range(len(known)), key=lambda place: (-shared[place], -place))
    return [
        known[place]
        for place in order[:BASES_TRIED_MAX]
        if shared[place] * 100 >= len(lines) * SHARED_LINES_PCT_MIN
    ]


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
