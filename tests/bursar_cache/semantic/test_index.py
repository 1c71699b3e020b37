"""The nearest question of a scope is found, and never one of another scope."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.embedding.model import DIMENSIONS
from bursar.errors import Unavailable
from bursar_cache.semantic.index import SemanticIndex
from bursar_cache.semantic.partition import FRESH_MAX
from bursar_cache.semantic.rows import Question

SCOPE, OTHER = b"s" * 32, b"o" * 32
NEVER_NS = 2**62
BUILT_S = 60.0


def vectors_of(count: int, seed: int = 1) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def question(number: int, vector, scope=SCOPE, expires_at_ns=NEVER_NS) -> Question:
    stored = vector.astype(np.float16).tobytes()
    key = number.to_bytes(32, "big")
    return Question(scope, key, f"question {number}", "", stored, expires_at_ns)


@pytest.fixture
def index(tmp_path):
    opened = SemanticIndex(tmp_path, entries_max=1_000_000)
    yield opened
    opened.close()


def fill(index, vectors, scope=SCOPE) -> None:
    for number, vector in enumerate(vectors):
        index.add(question(number, vector, scope), vector)


def found(index, vector, scope=SCOPE, now_ns=0) -> str | None:
    nearest = index.nearest(scope, vector, now_ns)
    return nearest[0].text if nearest else None


def test_nothing_is_found_where_nothing_was_stored(index):
    assert found(index, vectors_of(1)[0]) is None


def test_the_nearest_is_found_with_its_cosine(index):
    vectors = vectors_of(10)
    fill(index, vectors)
    asked = vectors[3] + 0.01 * vectors[4]
    asked /= np.linalg.norm(asked)
    nearest, similarity = index.nearest(SCOPE, asked, 0)
    assert nearest.text == "question 3"
    assert similarity == pytest.approx(float(vectors[3] @ asked), abs=1e-3)


@settings(max_examples=20, deadline=None)
@given(scopes=st.lists(st.sampled_from([b"a", b"b", b"c"]), min_size=1, max_size=30))
def test_a_question_is_never_found_from_another_scope(tmp_path_factory, scopes):
    index = SemanticIndex(tmp_path_factory.mktemp("index"), entries_max=100)
    same = vectors_of(1)[0]
    for number, scope in enumerate(scopes):
        index.add(question(number, same, scope * 32), same)
    for asked in (b"a", b"b", b"c", b"d"):
        nearest = index.nearest(asked * 32, same, 0)
        assert (nearest is not None) == (asked in scopes)
        assert nearest is None or nearest[0].scope == asked * 32
    index.close()


def test_an_expired_question_makes_way_for_the_next_nearest(index):
    first, second = vectors_of(2)
    index.add(question(1, first, expires_at_ns=100), first)
    index.add(question(2, second), second)
    assert found(index, first, now_ns=99) == "question 1"
    assert found(index, first, now_ns=100) == "question 2"


def test_a_forgotten_question_is_not_found(index):
    vectors = vectors_of(2)
    fill(index, vectors)
    index.forget(SCOPE, (0).to_bytes(32, "big"))
    assert found(index, vectors[0]) == "question 1"


def test_a_question_stored_again_is_found_once_with_its_new_answer(index):
    vector = vectors_of(1)[0]
    index.add(question(1, vector), vector)
    index.add(question(1, vector)._replace(answer="new"), vector)
    nearest, _ = index.nearest(SCOPE, vector, 0)
    assert nearest.answer == "new"


def test_the_oldest_make_room_when_there_are_too_many(tmp_path):
    index = SemanticIndex(tmp_path, entries_max=300)
    vectors = vectors_of(301)
    fill(index, vectors)
    assert found(index, vectors[0]) != "question 0"
    assert found(index, vectors[300]) == "question 300"
    index.close()


def test_a_large_scope_is_found_in_its_graph_after_a_restart(tmp_path):
    index = SemanticIndex(tmp_path, entries_max=1_000_000)
    vectors = vectors_of(FRESH_MAX + 10)
    fill(index, vectors)
    index.wait_until_built(BUILT_S)
    index.close()
    assert [name for name in os.listdir(tmp_path) if name.endswith(".graph")]
    again = SemanticIndex(tmp_path, entries_max=1_000_000)
    assert found(again, vectors[5]) == "question 5"
    assert found(again, vectors[-1]) == f"question {FRESH_MAX + 9}"
    again.close()


@pytest.mark.parametrize("damage", ["removed", "overwritten"])
def test_a_lost_graph_is_built_anew_and_says_so_until_then(tmp_path, damage):
    index = SemanticIndex(tmp_path, entries_max=1_000_000)
    vectors = vectors_of(2 * FRESH_MAX + 10)
    fill(index, vectors)
    index.close()
    for graph in tmp_path.glob("*.graph"):
        graph.unlink() if damage == "removed" else graph.write_bytes(b"damaged")
    again = SemanticIndex(tmp_path, entries_max=1_000_000)
    with pytest.raises(Unavailable):
        again.nearest(SCOPE, vectors[7], 0)
    again.wait_until_built(BUILT_S)
    assert found(again, vectors[7]) == "question 7"
    again.close()
