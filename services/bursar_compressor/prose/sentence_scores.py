"""How much each sentence of a text has to do with a question.

BM25 (Robertson and Zaragoza, 2009), then what stands around it: an answer often follows the
sentence that names its subject. Shares were chosen on half of the questions of SQuAD articles;
repeat with `python benchmarks/compressor.py --data DIR`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log

from bursar_compressor.prose.words import telling_words

K1 = 1.5
B = 0.75
ALL_WORDS_SHARE = 0.3  # for a sentence with all words of the question
NEIGHBOUR_SHARE = 0.3
PARAGRAPH_SHARE = 0.3
ANSWER_KIND_SHARE = 0.2

_ASKS_WHEN = re.compile(r"\bwhen\b|\byear|\bcentury\b|\bdate\b")
_ASKS_HOW_MANY = re.compile(
    r"\bhow (?:many|much|long|far|large|old|high)\b|\bpercent|\bnumber of\b|\bpopulation\b"
)
_SAYS_WHEN = re.compile(r"\b(?:1\d{3}|20\d\d)\b|\b\d{1,2}th centur")
_SAYS_HOW_MANY = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|thousand"
    r"|million|billion|half|percent)\b"
)


def scores(sentences: Sequence[str], query: str) -> list[float]:
    """One a sentence, 0 where nothing of the question is near. A line break ends a paragraph."""
    words = [telling_words(sentence) for sentence in sentences]
    own = _by_words(words, list(dict.fromkeys(telling_words(query))))
    around = zip([0.0, *own[:-1]], [*own[1:], 0.0], strict=True)
    paragraph = _best_of_paragraph(sentences, own)
    found = [
        score + NEIGHBOUR_SHARE * max(neighbours) + PARAGRAPH_SHARE * best
        for score, neighbours, best in zip(own, around, paragraph, strict=True)
    ]
    return _with_answer_kind(sentences, query.lower(), found)


def _by_words(words: list[list[str]], asked: list[str]) -> list[float]:
    wanted = set(asked)
    found = [Counter(word for word in sentence if word in wanted) for sentence in words]
    spread = Counter(word for counts in found for word in counts)
    mean_words = sum(map(len, words)) / max(1, len(words)) or 1.0
    rarity = {
        word: log(1 + (len(words) - spread[word] + 0.5) / (spread[word] + 0.5)) for word in asked
    }
    return [
        sum(
            rarity[word]
            * times
            * (K1 + 1)
            / (times + K1 * (1 - B + B * len(sentence) / mean_words))
            for word, times in counts.items()
        )
        * (1 + ALL_WORDS_SHARE * len(counts) / max(1, len(asked)))
        for counts, sentence in zip(found, words, strict=True)
    ]


def _best_of_paragraph(sentences: Sequence[str], own: list[float]) -> list[float]:
    best: list[float] = [0.0]
    numbers: list[int] = []
    for sentence, score in zip(sentences, own, strict=True):
        numbers.append(len(best) - 1)
        best[-1] = max(best[-1], score)
        if "\n" in sentence:
            best.append(0.0)
    return [best[number] for number in numbers]


def _with_answer_kind(sentences: Sequence[str], query: str, found: list[float]) -> list[float]:
    """A question after a time or a number is answered by a sentence that has one."""
    if _ASKS_WHEN.search(query):
        answers = _SAYS_WHEN
    elif _ASKS_HOW_MANY.search(query):
        answers = _SAYS_HOW_MANY
    else:
        return found
    bonus = ANSWER_KIND_SHARE * max(found, default=0.0)
    return [
        score + bonus if answers.search(sentence) else score
        for score, sentence in zip(found, sentences, strict=True)
    ]
