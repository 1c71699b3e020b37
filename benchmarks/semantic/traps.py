"""Questions turned into others by one edit each, and how many of them are let through."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from random import Random

import regex

from bursar_cache.semantic.domain.guards import Pair, Words, vetoes
from bursar_cache.semantic.domain.reading import read

SEED = 11
TRAPS_MAX = 5_000  # of each class
SIMILARITY = 0.99  # as if the vectors were as near as they get
NAMES = [
    "Paris",
    "Oslo",
    "Kenya",
    "Google",
    "Amazon",
    "Toyota",
    "Peru",
    "Microsoft",
    "Einstein",
    "Tesla",
    "Canada",
    "Siemens",
]
LINKS = "from|to|than|into|over|with|by|for|before|after"

_VERB = regex.compile(
    r"\b(?:is|are|was|were|can|could|should|does|do|did|will|would|has|have)\b(?!\.)", regex.I
)
_NEGATED = regex.compile(r"n't\b|\b(?:not|no|never|without|cannot|nobody|nothing|none)\b", regex.I)
_NUMBER = regex.compile(r"(?<![\w.])\d+(?![\w.])")
_NAME = regex.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}\b(?!')")
_LINKED = regex.compile(rf"\b(\p{{L}}{{4,}}) ({LINKS}) (\p{{L}}{{4,}})\b")

Edit = Callable[[str, Random], str | None]


def edits() -> dict[str, Edit]:
    """By class; None where a text has nothing to edit."""
    return {"negation": _negate, "number": _renumber, "entity": _rename, "swap": _swap}


def rejected_pct(texts: Iterable[str], words: Words) -> dict[str, tuple[float, int]]:
    """For each class, how many of how many traps the guards veto."""
    shares = {}
    originals = list(texts)
    for name, edit in edits().items():
        random = Random(SEED)
        edited = ((text, edit(text, random)) for text in originals)
        made = ((text, trap) for text, trap in edited if trap is not None and trap != text)
        traps = list(islice(made, TRAPS_MAX))
        vetoed = sum(
            bool(vetoes(Pair(read(text), read(trap), SIMILARITY), words)) for text, trap in traps
        )
        shares[name] = (100 * vetoed / len(traps) if traps else 100.0, len(traps))
    return shares


def _negate(text: str, _: Random) -> str | None:
    verb = _VERB.search(text)
    if verb is None or _NEGATED.search(text):
        return None
    return f"{text[: verb.end()]} not{text[verb.end() :]}"


def _renumber(text: str, random: Random) -> str | None:
    number = _NUMBER.search(text)
    if number is None:
        return None
    changed = int(number.group()) + random.choice([1, 2, 5, 10, 90])
    return f"{text[: number.start()]}{changed}{text[number.end() :]}"


def _rename(text: str, random: Random) -> str | None:
    names = list(_NAME.finditer(text))
    if not names:
        return None
    name = random.choice(names)
    other = random.choice([each for each in NAMES if each not in text])
    return f"{text[: name.start()]}{other}{text[name.end() :]}"


def _swap(text: str, _: Random) -> str | None:
    linked = _LINKED.search(text)
    if linked is None or linked[1].casefold() == linked[3].casefold():
        return None
    return f"{text[: linked.start()]}{linked[3]} {linked[2]} {linked[1]}{text[linked.end() :]}"
