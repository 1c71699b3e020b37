"""On the project's own labelled questions nothing wrong is served; the benchmark reads them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bursar.embedding.model import SentenceModel
from bursar_cache.semantic.domain.guards import Pair, vetoes
from bursar_cache.semantic.domain.learning import Limits
from bursar_cache.semantic.domain.reading import read
from bursar_cache.semantic.words import ModelWords

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "data" / "cache"
PAIRS = [tuple(json.loads(line)) for line in (DATA / "question_pairs.jsonl").open()]
SERVED_OF_20_MIN = 6


@pytest.fixture(scope="module")
def model() -> SentenceModel:
    return SentenceModel.load()


def is_served(model, words, one: str, other: str) -> bool:
    similarity = float(model.embed(one).vector @ model.embed(other).vector)
    pair = Pair(read(one), read(other), similarity)
    return similarity >= Limits().start_similarity and not vetoes(pair, words)


def test_no_look_alike_is_served_and_rewordings_are(model):
    words = ModelWords(model)
    served = [pair for pair in PAIRS if is_served(model, words, pair[0], pair[1])]
    assert [pair for pair in served if not pair[2]] == []
    assert len(served) >= SERVED_OF_20_MIN


def test_a_word_is_rarer_the_later_it_stands_in_the_vocabulary(model):
    words = ModelWords(model)
    assert words.rarity("hous") < words.rarity("malaria") < words.rarity("xqzt")
    assert words.likeness("kid", "child") > words.likeness("kid", "carburettor")


def test_the_benchmark_runs_on_files_of_these_columns():
    ran = subprocess.run(
        [
            sys.executable,
            ROOT / "benchmarks" / "semantic.py",
            "--without-speed",
            "--pairs",
            DATA / "question_pairs.jsonl",
            "--answers",
            DATA / "banking_questions.csv",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "learned bar" in ran.stdout, ran.stderr
