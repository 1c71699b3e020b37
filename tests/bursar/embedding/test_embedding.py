"""The shipped model gives near texts near vectors, the same one each time, off the event loop."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from bursar.embedding import model as shipped
from bursar.embedding.embedder import WAITING_MAX, Embedder
from bursar.embedding.model import DIMENSIONS, SentenceModel
from bursar.errors import FailedPrecondition, Overloaded


@pytest.fixture(scope="module")
def model() -> SentenceModel:
    return SentenceModel.load()


def cosine(model, one, other) -> float:
    return float(model.embed(one).vector @ model.embed(other).vector)


def test_a_vector_has_the_length_one(model):
    vector = model.embed("How do I reset my password?").vector
    assert vector.shape == (DIMENSIONS,)
    assert float(vector @ vector) == pytest.approx(1, abs=1e-5)


def test_a_paraphrase_is_nearer_than_another_subject(model):
    asked = "How do I reset my password?"
    paraphrase = cosine(model, asked, "What is the way to set a new password?")
    assert paraphrase > 0.7
    assert cosine(model, asked, "How tall is the Eiffel tower?") < 0.2


def test_the_same_text_always_has_the_same_vector(model):
    first = model.embed("The card has not arrived.").vector
    model.embed("Something much longer was asked in the meantime, about another subject.")
    assert (model.embed("The card has not arrived.").vector == first).all()


def test_a_text_longer_than_the_model_reads_says_so(model):
    assert not model.embed("word " * 200).is_truncated
    assert model.embed("word " * 300).is_truncated


def test_an_empty_text_has_a_vector(model):
    assert model.embed("").vector.shape == (DIMENSIONS,)


async def test_texts_that_come_together_are_all_embedded(model):
    embedder = Embedder(lambda: model)
    texts = [f"question {number}" for number in range(40)]
    found = await asyncio.gather(*map(embedder.embed, texts))
    embedder.close()
    assert all(
        (each.vector == model.embed(text).vector).all()
        for each, text in zip(found, texts, strict=True)
    )


async def test_more_texts_than_may_wait_are_refused(model):
    embedder = Embedder(lambda: model)
    asked = [embedder.embed("word") for _ in range(WAITING_MAX + 1)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    embedder.close()
    assert [type(each) for each in outcomes if isinstance(each, BaseException)] == [Overloaded]


def test_a_damaged_model_is_not_loaded(tmp_path, monkeypatch):
    (tmp_path / "model.onnx").write_bytes(b"damaged")
    monkeypatch.setattr(shipped, "DIRECTORY", tmp_path)
    with pytest.raises(FailedPrecondition):
        SentenceModel.load()


def test_importing_it_loads_nothing_heavy():
    code = (
        "import sys, bursar.embedding.embedder;"
        "print([n for n in ('numpy', 'onnxruntime', 'tokenizers') if n in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert ran.stdout.strip() == "[]"
