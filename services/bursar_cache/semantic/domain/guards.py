"""Vetoes: what looks alike and means something else.

A vector near another says that two questions are about the same thing, not that they ask the same:
"with" and "without", 10 and 100, from A to B and from B to A lie closer than most paraphrases. Each
guard compares one aspect of the two texts that changes the answer. A guard never allows; it only
forbids.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, Protocol

from bursar_cache.semantic.domain.opposites import ANTONYMS, NEGATIVE_PREFIXES
from bursar_cache.semantic.domain.reading import Reading
from bursar_cache.semantic.domain.stems import stem

NEGATIVES_KEPT = 16_384
# A word this rare is a subject of its own.
RARITY_MIN = 6.0
# Texts as near as this differ little by a word that one of them adds.
ADDED_WORD_SIMILARITY_MIN = 0.96
# Words as near as this stand for each other: kid and child, improve and enhance.
LIKENESS_MIN = 0.5
# Texts farther apart than this are not worth comparing their words, which takes milliseconds.
LIKENESS_SIMILARITY_MIN = 0.88


class Words(Protocol):
    """What is known of words in general, whatever the texts."""

    def rarity(self, stem: str) -> float:
        """About the inverse document frequency, in nats; 0 for a common word."""
        ...

    def likeness(self, one: str, other: str) -> float:
        """How near some words are to others in meaning, -1 to 1."""
        ...


class Guard(StrEnum):
    """An aspect that is compared."""

    NUMBER = "number"
    NEGATION = "negation"
    ANTONYM = "antonym"
    SUPERLATIVE = "superlative"
    MODIFIER = "modifier"
    ENTITY = "entity"
    IDENTIFIER = "identifier"
    QUOTED = "quoted"
    ORDER = "order"
    POSSESSOR = "possessor"
    QUESTION = "question"
    UNSHARED = "unshared"


def _opposites() -> dict[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one, other in ANTONYMS:
        if stem(one) != stem(other):
            found[stem(one)].add(stem(other))
            found[stem(other)].add(stem(one))
    return {word: frozenset(words) for word, words in found.items()}


_ANTONYMS = _opposites()


class Pair(NamedTuple):
    """Two questions, and the cosine of their vectors."""

    one: Reading
    other: Reading
    similarity: float


def vetoes(pair: Pair, words: Words) -> tuple[Guard, ...]:
    """The guards that forbid to answer one question by the other's answer, in a fixed order."""
    found = [guard for guard, differs in _CHECKS.items() if differs(pair.one, pair.other)]
    # Last, and only where nothing else forbids it: it may embed the words.
    if not found and _unshared(pair, words):
        found.append(Guard.UNSHARED)
    return tuple(found)


def _numbers(one: Reading, other: Reading) -> bool:
    """The same numbers, of the same units where both name one."""
    if len(one.quantities) != len(other.quantities):
        return True
    return any(
        left.number != right.number or (left.unit and right.unit and left.unit != right.unit)
        for left, right in zip(one.quantities, other.quantities, strict=True)
    )


def _negation(one: Reading, other: Reading) -> bool:
    return one.negated != other.negated


def _antonyms(one: Reading, other: Reading) -> bool:
    """Also where both of a pair stand in one text and one of it in the other: pros and cons are
    not pros.
    """
    left, right = set(one.stems), set(other.stems)
    return _has_opposites(left - right, right) or _has_opposites(right - left, left)


def _has_opposites(words: set[str], text: set[str]) -> bool:
    return any(
        not text.isdisjoint(_ANTONYMS.get(word, ())) or not text.isdisjoint(_negatives(word))
        for word in words
    )


@lru_cache(maxsize=NEGATIVES_KEPT)
def _negatives(word: str) -> frozenset[str]:
    """What differs from `word` by a negative prefix alone, if such words exist."""
    shorter = {word.removeprefix(prefix) for prefix in NEGATIVE_PREFIXES}
    longer = {prefix + word for prefix in NEGATIVE_PREFIXES} if len(word) > 3 else set()
    return frozenset({each for each in shorter if len(each) > 3} | longer) - {word}


def _superlatives(one: Reading, other: Reading) -> bool:
    return one.superlatives != other.superlatives


def _modifiers(one: Reading, other: Reading) -> bool:
    return one.modifiers != other.modifiers


def _entities(one: Reading, other: Reading) -> bool:
    """A name that the other text does not say at all, capitals or not."""
    return not (one.entities <= set(other.stems) and other.entities <= set(one.stems))


def _identifiers(one: Reading, other: Reading) -> bool:
    return _is_unsaid(one.identifiers - other.identifiers, other) or _is_unsaid(
        other.identifiers - one.identifiers, one
    )


def _quotes(one: Reading, other: Reading) -> bool:
    return _is_unsaid(one.quoted - other.quoted, other) or _is_unsaid(
        other.quoted - one.quoted, one
    )


def _is_unsaid(spans: frozenset[str], text: Reading) -> bool:
    return any(f" {span} " not in f" {text.folded} " for span in spans)


def _order(one: Reading, other: Reading) -> bool:
    """Whether the words that both have once stand in another order, or one stands in the place of
    another.
    """
    left, right = Counter(one.said), Counter(other.said)
    if left == right:
        return one.said != other.said
    shared = left.keys() & right.keys() & (one.content.keys() | one.entities)
    if any(left[word] > right[word] for word in shared) and any(
        left[word] < right[word] for word in shared
    ):
        return True
    left, right = Counter(one.sequence), Counter(other.sequence)
    once = {word for word in left if left[word] == 1 == right[word]}
    return _only(one.sequence, once) != _only(other.sequence, once)


def _possessors(one: Reading, other: Reading) -> bool:
    """Another's in the place of one's; said by one of them alone it is mostly understood."""
    return bool(one.possessors - other.possessors and other.possessors - one.possessors)


def _question(one: Reading, other: Reading) -> bool:
    return one.questions != other.questions


def _unshared(pair: Pair, words: Words) -> bool:
    """A rare word that only one of them says, and that the other has no other word for."""
    left = [word for key, word in pair.one.content.items() if key not in pair.other.content]
    right = [word for key, word in pair.other.content.items() if key not in pair.one.content]
    if all(words.rarity(stem(word)) < RARITY_MIN for word in left + right):
        return False
    if not left or not right:
        return pair.similarity < ADDED_WORD_SIMILARITY_MIN
    if pair.similarity < LIKENESS_SIMILARITY_MIN:
        return True
    return words.likeness(" ".join(left), " ".join(right)) < LIKENESS_MIN


def _only(words: Iterable[str], shared: set[str]) -> list[str]:
    return [word for word in words if word in shared]


_CHECKS: dict[Guard, Callable[[Reading, Reading], bool]] = {
    Guard.NUMBER: _numbers,
    Guard.NEGATION: _negation,
    Guard.ANTONYM: _antonyms,
    Guard.SUPERLATIVE: _superlatives,
    Guard.MODIFIER: _modifiers,
    Guard.ENTITY: _entities,
    Guard.IDENTIFIER: _identifiers,
    Guard.QUOTED: _quotes,
    Guard.ORDER: _order,
    Guard.POSSESSOR: _possessors,
    Guard.QUESTION: _question,
}
