"""Whether two answers say the same, so that one would have done for the other."""

from __future__ import annotations

from bursar_cache.semantic.domain.guards import Guard, Pair, Words, vetoes
from bursar_cache.semantic.domain.reading import read

# Paraphrases of one answer by the same model; what is farther apart counts as another answer.
SIMILARITY_MIN = 0.90
_FACTS = frozenset({Guard.NUMBER, Guard.NEGATION, Guard.ANTONYM, Guard.IDENTIFIER})


def is_same_text(one: str, other: str) -> bool:
    """But for case and space."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def agree(one: str, other: str, similarity: float, words: Words) -> bool:
    """A doubt counts as no: it can only keep a bar where it is."""
    if is_same_text(one, other):
        return True
    if similarity < SIMILARITY_MIN:
        return False
    return not _FACTS & set(vetoes(Pair(read(one), read(other), similarity), words))
