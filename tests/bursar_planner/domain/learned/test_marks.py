"""Marks tell texts apart and tell nobody their words."""

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from bursar_planner.domain.learned.marks import MARKS, marks_from, marks_of


def keyed(key):
    return lambda word: int.from_bytes(
        blake2b(word.encode(), digest_size=4, key=key).digest(), "big"
    )


HASHED = keyed(b"one")


@given(st.text(max_size=300), st.sampled_from(["", "debugging"]))
def test_marks_are_ascending_each_once_and_survive_the_log(text, task_class):
    marks = marks_of(text, task_class, HASHED)
    assert list(marks) == sorted(set(marks.tolist()))
    assert all(0 <= mark < MARKS for mark in marks.tolist())
    assert marks_from(marks.astype("<u2").tobytes()).tolist() == marks.tolist()


def test_the_order_of_words_is_a_mark_of_its_own():
    forward = marks_of("from london to paris", "", HASHED).tolist()
    back = marks_of("from paris to london", "", HASHED).tolist()
    assert forward != back


def test_another_key_gives_other_marks():
    text = "what is the capital of France"
    other = set(marks_of(text, "", keyed(b"two")).tolist())
    assert len(other.intersection(marks_of(text, "", HASHED).tolist())) < 3
