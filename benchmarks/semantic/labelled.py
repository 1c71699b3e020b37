"""Labelled questions from files of two kinds: pairs with a label, and texts with their answer.

Pairs: one JSON list a line, `[text, text, 1 or 0]`. Answers: CSV with the columns text and
category. Either may be gzipped.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
import numpy.typing as npt

from bursar.embedding.model import SentenceModel

Vectors = dict[str, npt.NDArray[np.float32]]


class LabelledPair(NamedTuple):
    """Two questions, and whether one answer does for both."""

    one: str
    other: str
    is_same: bool

    @property
    def is_test(self) -> bool:
        """By a hash of the texts: rules were written looking at the other half alone."""
        return bool(sha256(f"{self.one}\0{self.other}".encode()).digest()[0] & 1)


class Answered(NamedTuple):
    """A question, and the name of its answer."""

    text: str
    answer: str


def read_pairs(path: Path) -> list[LabelledPair]:
    """All pairs of a file."""
    with _opened(path) as lines:
        rows = (json.loads(line) for line in lines if line.strip())
        return [LabelledPair(one, other, bool(label)) for one, other, label in rows]


def read_answers(path: Path) -> list[Answered]:
    """All questions of a file."""
    with _opened(path) as lines:
        return [Answered(row["text"], row["category"]) for row in csv.DictReader(lines)]


def embedded(texts: Sequence[str], model: SentenceModel, kept: Path) -> Vectors:
    """The vector of each text; those of the last run with the same texts are read from `kept`."""
    distinct = sorted(set(texts))
    name = sha256("\0".join(distinct).encode()).hexdigest()[:16]
    path = kept / f"vectors-{name}.npy"
    if not path.exists():
        kept.mkdir(parents=True, exist_ok=True)
        np.save(path, np.stack([model.embed(text).vector for text in distinct]))
    return dict(zip(distinct, np.load(path), strict=True))


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def texts_of(pairs: Sequence[LabelledPair]) -> Iterator[str]:
    """Both texts of each pair."""
    for pair in pairs:
        yield pair.one
        yield pair.other
