"""Questions with the outcomes of a weak and a strong model, and how they are split."""

from __future__ import annotations

import ast
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b, sha256
from pathlib import Path

from bursar_planner.domain.learned.marks import Marks, marks_of

WEAK, STRONG = "weak", "strong"
LLMROUTER_PAIR = ("qwen2.5-7b-instruct", "llama-3.1-nemotron-51b-instruct")
FOLDS = 10


@dataclass(frozen=True, slots=True)
class Question:
    """One prompt and how good the answer of each model is, from 0 to 1."""

    question_id: str
    task_class: str
    prompt: str
    quality: dict[str, float]

    @property
    def marks(self) -> Marks:
        return _marks(self.prompt, self.task_class)


def questions(path: Path) -> list[Question]:
    """In an order by the hash of the prompt, so that classes are mixed as they come in life."""
    with gzip.open(path, "rt") as lines:
        found = [_question(json.loads(line)) for line in lines]
    return sorted(found, key=lambda each: _hash("order", each.prompt))


def folds(asked: Sequence[Question]) -> Iterator[tuple[list[Question], list[Question]]]:
    """What is learned from, and what is scored: each question is scored once, by what was learned
    from the other nine tenths.
    """
    for fold in range(FOLDS):
        learned = [each for each in asked if _hash("fold", each.prompt) % FOLDS != fold]
        yield learned, [each for each in asked if _hash("fold", each.prompt) % FOLDS == fold]


def apgr(scored: Sequence[Question], uplift: Sequence[float]) -> float:
    """The area of the recovered gap between weak and strong over the share of strong calls.

    Source: RouteLLM (Ong et al. 2024), average performance gap recovered.
    """
    order = sorted(range(len(scored)), key=lambda index: (-uplift[index], index))
    gains = [scored[index].quality[STRONG] - scored[index].quality[WEAK] for index in order]
    gap, recovered, area = sum(gains), 0.0, 0.0
    for gain in gains:
        before, recovered = recovered, recovered + gain / gap
        area += (before + recovered) / 2 / len(gains)
    return area


def _question(row: dict[str, object]) -> Question:
    if "scores" in row:
        scores = row["scores"]
        by_model = ast.literal_eval(scores) if isinstance(scores, str) else scores
        weak, strong = (float(by_model[model]) for model in LLMROUTER_PAIR)
    else:
        weak, strong = float(str(row["weak_ok"])), float(str(row["strong_ok"]))
    return Question(
        str(row["id"]), str(row["task_class"]), str(row["prompt"]), {WEAK: weak, STRONG: strong}
    )


def _hash(purpose: str, text: str) -> int:
    return int.from_bytes(sha256(f"{purpose}\0{text}".encode()).digest()[:8], "big")


@cache
def _word(word: str) -> int:
    return int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "big")


@cache
def _marks(prompt: str, task_class: str) -> Marks:
    return marks_of(prompt, task_class, _word)
