"""A long log shortened to its kinds of lines: the first of each, how many more there are, and every
line that is unlike others.

Level safe. Lines are of one kind when they differ in values only. Shown are the first and the last
line, the first of each kind, and lines with a value that is rare or far out; of lines that speak of
a failure the first and the last of every wording. What is not shown is restored by the numbers that
stand beside what is.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from bursar_compressor.logs.lines import Constants, by_values, taken_apart
from bursar_compressor.logs.unusual import unusual
from bursar_compressor.markers import OPENING
from bursar_compressor.parts import Lines
from bursar_compressor.rewriting import Options, Rewritten, unchanged
from bursar_compressor.severity import is_severe

METHOD = "kinds_of_lines"
LINES_MIN = 40


# What stands between the constants of a template: no line of a log has it.
_VALUE = "\x00"
_IDENTIFIER = re.compile(
    rf"(?:{_VALUE}|\b[A-Z]{{1,2}}\b)(?:[-:.](?:{_VALUE}|[A-Z]{{1,2}}\b))+"  # such as R02-M1-NA:J12
)
_BLANKS = re.compile(r"[ \t]+")


class _Kind(NamedTuple):
    """The lines of one kind, by their place; `shown` are those that stand in the result."""

    places: list[int]
    shown: set[int]


def rewrite(content: str, options: Options) -> Rewritten:
    """The lines in their order, each with its number; counts stand at the first of their kind."""
    lines = content.split("\n")
    if len(lines) < LINES_MIN:
        return unchanged(content)
    kinds = _kinds(lines)
    shown = sorted({0, len(lines) - 1}.union(*(kind.shown for kind in kinds)))
    gaps = tuple(Lines(above + 2, below) for above, below in pairwise(shown) if below > above + 1)
    if not gaps:
        return unchanged(content)
    further = {kind.places[0]: _further(kind) for kind in kinds}
    text = "\n".join(
        [
            _legend(len(lines), len(shown), options.reference),
            *(f"{place + 1}{further.get(place, '')}: {lines[place]}" for place in shown),
        ]
    )
    hidden = len(lines) - len(shown)
    return Rewritten(text, f"{hidden} lines of {len(kinds)} kinds", elided=gaps)


def _kinds(lines: list[str]) -> list[_Kind]:
    severe = list(map(is_severe, lines))
    # Of what failed each wording counts, however rare its words are.
    found = [
        by_values(line) if is_so else apart
        for line, is_so, apart in zip(lines, severe, taken_apart(lines), strict=True)
    ]
    by_template: dict[tuple[Constants, bool], list[int]] = {}
    for place, (apart, is_so) in enumerate(zip(found, severe, strict=True)):
        by_template.setdefault((apart.constants, is_so), []).append(place)
    kinds: dict[tuple[str, bool], _Kind] = {}
    for (constants, is_so), places in by_template.items():
        kind = kinds.setdefault((_wording(constants), is_so), _Kind([], set()))
        kind.places.extend(places)
        kind.shown.update(places[row] for row in unusual([found[at].values for at in places]))
    for (_, is_so), kind in kinds.items():
        kind.places.sort()
        kind.shown.update(kind.places[:1], kind.places[-1:] if is_so else ())
    return list(kinds.values())


def _wording(constants: Constants) -> str:
    """What lines of one kind share, however wide their columns and long their identifiers are."""
    return _BLANKS.sub(" ", _IDENTIFIER.sub(_VALUE, _VALUE.join(constants)))


def _further(kind: _Kind) -> str:
    """How many more lines of it are not shown, and which is the last of them."""
    hidden = [place for place in kind.places if place not in kind.shown]
    return f" ({len(hidden)} more to {hidden[-1] + 1})" if hidden else ""


def _legend(lines: int, shown: int, reference: str) -> str:
    return (
        f"{OPENING}{shown} of {lines} lines, each with its number: every line that is unusual, and"
        " the first of each kind; `(9 more to 80)` are nine further ones like it, the last of them"
        f" line 80. All lines, or a part such as L12-80, are restored by {reference}]"
    )
