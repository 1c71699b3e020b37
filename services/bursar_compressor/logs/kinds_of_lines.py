"""A long log shortened to its kinds of lines: the first of each, how many more there are, and every
line that is unlike others.

Level safe. Lines are of one kind when they differ in values only. Shown are the first and the last
line, the first of each kind, and lines with a value that is rare or far out; of lines that speak of
a failure the first of every wording, and the last where there are several. What is not shown is
restored by the numbers that stand beside what is.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from bursar_compressor.logs.lines import Constants, by_values, taken_apart
from bursar_compressor.logs.unusual import unusual
from bursar_compressor.logs.wordings import merged, wording
from bursar_compressor.markers import OPENING
from bursar_compressor.parts import Lines
from bursar_compressor.rewriting import Options, Rewritten, unchanged
from bursar_compressor.severity import is_severe

METHOD = "kinds_of_lines"
LINES_MIN = 40
SEVERE_LAST_SHOWN_MIN = 4  # of fewer the first one stands for all


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
    usual = merged({wording(constants) for constants, is_so in by_template if not is_so})
    kinds: dict[tuple[str, bool], _Kind] = {}
    for (constants, is_so), places in by_template.items():
        text = wording(constants)
        key = (text if is_so else usual.get(text, text), is_so)
        kind = kinds.setdefault(key, _Kind([], set()))
        kind.places.extend(places)
        kind.shown.update(places[row] for row in unusual([found[at].values for at in places]))
    for (_, is_so), kind in kinds.items():
        kind.places.sort()
        shows_last = is_so and len(kind.places) >= SEVERE_LAST_SHOWN_MIN
        kind.shown.update(kind.places[:1], kind.places[-1:] if shows_last else ())
    return list(kinds.values())


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
