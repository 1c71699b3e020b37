"""What a question says, as far as guards compare it: read once, kept with the entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import regex

from bursar_cache.semantic.domain.grammar_words import FUNCTION_WORDS, LIGHT_WORDS, NEGATORS
from bursar_cache.semantic.domain.quantities import Quantity, quantities
from bursar_cache.semantic.domain.question_words import question_classes
from bursar_cache.semantic.domain.stems import stem
from bursar_cache.semantic.domain.turning_words import (
    DIRECTIONS,
    MODIFIERS,
    NOT_SUPERLATIVE,
    POSSESSORS,
    SUPERLATIVES,
)

READINGS_KEPT = 8_192
# A negation is about the next word that means something, if it comes soon.
NEGATION_REACH_WORDS = 4
BETWEEN_REACH_WORDS = 5
ARTICLES = frozenset({"a", "an", "the"})

_QUOTED = regex.compile(
    r"[\"“”«»`]([^\"“”«»`]{1,400})[\"“”«»`]|(?<!\w)['\u2018]([^'\u2019]{2,200})['\u2019](?!\w)"
)
_IDENTIFIER = regex.compile(
    r"""
    https?://\S+ | [\w.+-]+@[\w-]+\.[\w.]+       # addresses
    | (?<!\w)[/~][\w.-]+(?:/[\w.-]+)+             # paths
    | \b\w*[a-z][A-Z]\w*\b | \b\w+(?:_\w+)+\b      # camelCase, snake_case
    | \b(?=\w*\d)(?=\w*\p{L})[\w]+(?:[-.]\w+)*\b   # letters and digits: A100, v2.3, B-52
    | \b\p{L}[\p{L}\d]*(?:\+\+|\#)                  # C++, F#
    | (?<=\s)\.\p{L}[\p{L}\d]*\b                  # .NET
    | \b[\p{L}]+-\d+\b | \b[B-HJ-Z]\b(?!\.)         # UTF-8, vitamin C
    """,
    regex.VERBOSE,
)
_ORDINAL_OR_QUANTITY = regex.compile(r"\d+(?:st|nd|rd|th|s|k|m|bn|x|%|[a-z]{1,3})?", regex.I)
_CONTRACTIONS = (
    (regex.compile(r"[\u2019`]"), "'"),
    (regex.compile(r"\bcan't\b|\bcannot\b", regex.I), "can not"),
    (regex.compile(r"\bwon't\b", regex.I), "will not"),
    (regex.compile(r"n't\b", regex.I), " not"),
    (regex.compile(r"\bor not\b", regex.I), ""),
    (regex.compile(r"'(?:s|m|re|ve|ll|d)\b", regex.I), ""),
)
_WORD = regex.compile(r"[\p{L}\p{M}]+(?:[.&][\p{L}]+)*|\d+(?:[.,:/]\d+)*")
_OPENING = " \t\"'("
_SENTENCE_ENDS = ".?!:;\n"


@dataclass(frozen=True, slots=True)
class Reading:
    """A question's parts. Words are in lower case; stems without endings."""

    stems: tuple[str, ...]  # of every word, in order
    content: Mapping[str, str]  # stems that mean something by themselves, with a word of each
    sequence: tuple[str, ...]  # content and directions, in order
    said: tuple[str, ...]  # all that bears on the meaning, in order
    folded: str  # the text in lower case, a space between words
    quantities: tuple[Quantity, ...]
    negated: tuple[str, ...]  # sorted: what each negation is about
    possessors: frozenset[str]  # whose something is, and who does it
    superlatives: frozenset[str]
    modifiers: frozenset[str]
    identifiers: frozenset[str]
    quoted: frozenset[str]
    entities: frozenset[str]  # stems of capitalised words inside sentences
    questions: tuple[str, ...]  # sorted: the kind of each that is asked


@lru_cache(maxsize=READINGS_KEPT)
def read(text: str) -> Reading:
    """The reading of `text`. The same text always reads the same."""
    plain = text
    for pattern, replacement in _CONTRACTIONS:
        plain = pattern.sub(replacement, plain)
    tokens = _WORD.findall(plain)
    words = [token.casefold() for token in tokens]
    stems = tuple(map(stem, words))
    words = _with_sorted_ends(words)
    content = {stem(word): word for word in words if _means_something(word)}
    return Reading(
        stems=stems,
        content=content,
        sequence=tuple(
            stem(word)
            for word in words
            if (word in DIRECTIONS or stem(word) in content) and word not in SUPERLATIVES
        ),
        said=tuple(
            stem(word)
            for word in words
            if word not in LIGHT_WORDS and word not in SUPERLATIVES and word not in NEGATORS
        ),
        folded=_folded(" ".join(tokens)),
        quantities=quantities(plain),
        negated=_negated(words),
        possessors=frozenset(filter(None, map(POSSESSORS.get, words))),
        superlatives=frozenset(filter(None, map(_superlative, words))),
        modifiers=frozenset(filter(None, map(MODIFIERS.get, words))),
        identifiers=_identifiers(text),
        quoted=frozenset(_folded(one or other) for one, other in _QUOTED.findall(text)),
        entities=_entities(plain),
        questions=question_classes(plain),
    )


def _means_something(word: str) -> bool:
    return word not in FUNCTION_WORDS and word not in NEGATORS and not word[0].isdigit()


def _with_sorted_ends(words: list[str]) -> list[str]:
    """Between A and B is between B and A: the smaller word first."""
    ordered = list(words)
    for at, word in enumerate(words):
        if word == "between":
            _sort_ends(ordered, range(at + 1, min(at + 1 + BETWEEN_REACH_WORDS, len(words))))
    return ordered


def _sort_ends(words: list[str], reach: range) -> None:
    """Sorts the words around the first `and` in `reach`; articles are passed over."""
    link = next((at for at in reach if words[at] == "and" and at > reach.start), None)
    if link is None:
        return
    after = next((at for at in range(link + 1, len(words)) if words[at] not in ARTICLES), None)
    if after is not None and words[after] < words[link - 1]:
        words[link - 1], words[after] = words[after], words[link - 1]


def _negated(words: list[str]) -> tuple[str, ...]:
    """An empty string where a negation is about nothing that follows soon."""
    targets = []
    for at, word in enumerate(words):
        if word in NEGATORS:
            reach = words[at + 1 : at + 1 + NEGATION_REACH_WORDS]
            targets.append(next((stem(each) for each in reach if _means_something(each)), ""))
    return tuple(sorted(targets))


def _superlative(word: str) -> str | None:
    known = SUPERLATIVES.get(word)
    if known is None and word.endswith("est") and len(word) > 5 and word not in NOT_SUPERLATIVE:
        return word
    return known


def _identifiers(text: str) -> frozenset[str]:
    found = (match.group().rstrip(".,;:!?)") for match in _IDENTIFIER.finditer(text))
    return frozenset(
        each.casefold().replace("-", "")
        for each in found
        if not _ORDINAL_OR_QUANTITY.fullmatch(each)
    )


def _entities(plain: str) -> frozenset[str]:
    """Stems of words written with a capital where grammar asks for none. A text that is all
    capitals, or whose every word starts with one, names nothing.
    """
    words = [match for match in _WORD.finditer(plain) if match.group()[0].isalpha()]
    inside = [each for each in words if not _begins_sentence(plain, each.start())]
    capitalised = [each.group() for each in inside if each.group()[0].isupper()]
    if len(inside) > 1 and len(capitalised) == len(inside):
        return frozenset()
    return frozenset(
        stem(each.casefold()) for each in capitalised if each.casefold() not in FUNCTION_WORDS
    )


def _begins_sentence(plain: str, at: int) -> bool:
    while at and plain[at - 1] in _OPENING:
        at -= 1
    return at == 0 or plain[at - 1] in _SENTENCE_ENDS


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
