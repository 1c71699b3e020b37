"""The order in which sentences say most that the ones before them did not.

Used only where a caller asks for it: without a question nobody knows what will be needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from heapq import heapify, heappop, heapreplace
from math import log

from bursar_compressor.prose.words import telling_words

WORDS_AT_LEAST = 8  # a short sentence is not all the better for being short


def by_novelty(sentences: Sequence[str]) -> list[int]:
    """Their places, the one that adds most first; those that add nothing come last."""
    words = [frozenset(telling_words(sentence)) for sentence in sentences]
    spread = Counter(word for sentence in words for word in sentence)
    value = {word: log(1 + len(sentences) / times) for word, times in spread.items()}
    said: set[str] = set()

    def added(place: int) -> float:
        new = words[place] - said
        return sum(value[word] for word in sorted(new)) / (len(words[place]) + WORDS_AT_LEAST)

    heap = [(-added(place), place) for place in range(len(sentences))]
    heapify(heap)
    order: list[int] = []
    while heap:
        before, place = heap[0]
        now = -added(place)
        if now > before:  # others said some of it meanwhile: it may come later
            heapreplace(heap, (now, place))
            continue
        heappop(heap)
        order.append(place)
        said |= words[place]
    return order
