"""How much each piece of a text is worth keeping.

With a query, by BM25 and its neighbours (Robertson and Zaragoza, 2009, with k1 = 1.5, b = 0.75);
without one, by how many other pieces speak of the same things. Failures in a log come before both.
"""

from __future__ import annotations

import re
from collections import Counter
from math import log

from bursar_compressor.detection import Kind
from bursar_compressor.severity import is_severe, kind_of_line

K1 = 1.5
B = 0.75
NEIGHBOUR_SHARE = 0.25
# Each step outweighs all that stands below it, where weights are between 0 and 1.
FIRST_OF_SEVERE_KIND = 8.0
SEVERE = 4.0
DEFINITION = 2.0
FIRST_OF_KIND = 0.5

_WORD = re.compile(r"\w\w+")
_DEFINITION = re.compile(
    r"\s*(?:export |public |private |protected |static |async |abstract |pub(?:\(\w+\))? )*"
    r"(?:def|class|func|fn|function|interface|struct|enum|trait|impl|type|module|namespace)\b"
)


def weights(units: list[str], kind: Kind, query: str) -> list[float]:
    """One weight a unit, 0 for what says nothing. Deterministic."""
    words = [_WORD.findall(unit.lower()) for unit in units]
    asked = list(dict.fromkeys(_WORD.findall(query.lower())))
    scores = _scaled(_by_query(words, asked) if asked else _by_company(words))
    if kind is Kind.LOG:
        return [score + bonus for score, bonus in zip(scores, _of_log(units), strict=True)]
    if kind is Kind.CODE:
        return [
            score + (DEFINITION if _DEFINITION.match(unit) else 0.0)
            for score, unit in zip(scores, units, strict=True)
        ]
    return scores


def _by_query(words: list[list[str]], asked: list[str]) -> list[float]:
    wanted = set(asked)
    found = [Counter(word for word in unit if word in wanted) for unit in words]
    spread = Counter(word for counts in found for word in counts)
    mean_words = sum(map(len, words)) / max(1, len(words)) or 1.0
    rarity = {
        word: log(1 + (len(words) - spread[word] + 0.5) / (spread[word] + 0.5)) for word in asked
    }
    own = [
        sum(
            rarity[word] * times * (K1 + 1) / (times + K1 * (1 - B + B * len(unit) / mean_words))
            for word, times in counts.items()
        )
        for counts, unit in zip(found, words, strict=True)
    ]
    around = zip([0.0, *own[:-1]], [*own[1:], 0.0], strict=True)
    return [
        score + NEIGHBOUR_SHARE * max(before, after)
        for score, (before, after) in zip(own, around, strict=True)
    ]


def _by_company(words: list[list[str]]) -> list[float]:
    distinct = [dict.fromkeys(unit) for unit in words]
    spread = Counter(word for unit in distinct for word in unit)
    total = len(words)
    value = {word: units * log(total / units) for word, units in spread.items()}
    return [sum(value[word] for word in unit) / (len(unit) + 8) for unit in distinct]


def _of_log(units: list[str]) -> list[float]:
    seen: set[str] = set()
    bonuses: list[float] = []
    for unit in units:
        kind = kind_of_line(unit)
        is_first = kind not in seen
        seen.add(kind)
        if is_severe(unit):
            bonuses.append(FIRST_OF_SEVERE_KIND if is_first else SEVERE)
        else:
            bonuses.append(FIRST_OF_KIND if is_first else 0.0)
    return bonuses


def _scaled(scores: list[float]) -> list[float]:
    highest = max(scores, default=0.0)
    return [score / highest for score in scores] if highest > 0 else scores
