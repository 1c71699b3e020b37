"""Guards veto what looks alike and means something else, and let rewordings through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar_cache.semantic.domain.guard_levels import GuardLevel, level_passed
from bursar_cache.semantic.domain.guards import Guard, Pair, vetoes
from bursar_cache.semantic.domain.reading import read


class CommonWords:
    """Every word is common, but for those named."""

    def __init__(self, *rare: str, likeness: float = 0.0) -> None:
        self._rare = rare
        self._likeness = likeness

    def rarity(self, stem: str) -> float:
        return 9.0 if stem in self._rare else 0.0

    def likeness(self, one: str, other: str) -> float:
        return self._likeness


COMMON = CommonWords()


def vetoed(one: str, other: str, words=COMMON, similarity: float = 0.95) -> tuple[Guard, ...]:
    return vetoes(Pair(read(one), read(other), similarity), words)


@pytest.mark.parametrize(
    ("one", "other", "guard"),
    [
        ("Can I pay in 10 days?", "Can I pay in 100 days?", Guard.NUMBER),
        ("How far is 5 km?", "How far is 5 miles?", Guard.NUMBER),
        ("What costs $5?", "What costs €5?", Guard.NUMBER),
        ("Who won in two games?", "Who won in three games?", Guard.NUMBER),
        ("Is it -5 degrees?", "Is it 5 degrees?", Guard.NUMBER),
        ("Is it safe to swim?", "Is it not safe to swim?", Guard.NEGATION),
        ("Why do cats purr?", "Why don't cats purr?", Guard.NEGATION),
        ("Can it run with a battery?", "Can it run without a battery?", Guard.ANTONYM),
        ("How do I open an account?", "How do I close an account?", Guard.ANTONYM),
        ("Is it legal to fish here?", "Is it illegal to fish here?", Guard.ANTONYM),
        ("What are the advantages?", "What are advantages and disadvantages?", Guard.ANTONYM),
        ("What is the fastest car?", "What is the slowest car?", Guard.SUPERLATIVE),
        ("Can I eat before running?", "Can I eat after running?", Guard.MODIFIER),
        ("What is the capital of France?", "What is the capital of Spain?", Guard.ENTITY),
        ("How do I use the A100?", "How do I use the H100?", Guard.IDENTIFIER),
        ("How do I learn C++?", "How do I learn C#?", Guard.IDENTIFIER),
        ("What does read_file do?", "What does read_line do?", Guard.IDENTIFIER),
        ('Who said "I came"?', 'Who said "I saw"?', Guard.QUOTED),
        ("convert dollars to euros", "convert euros to dollars", Guard.ORDER),
        ("fly from Rome to Oslo", "fly to Rome from Oslo", Guard.ORDER),
        ("Can a cat beat a dog?", "Can a dog beat a cat?", Guard.ORDER),
        ("What is his job?", "What is her job?", Guard.POSSESSOR),
        ("How do planes fly?", "Why do planes fly?", Guard.QUESTION),
        ("What is a vector?", "What is a vector and why does it matter?", Guard.QUESTION),
    ],
)
def test_a_look_alike_is_vetoed_both_ways(one, other, guard):
    assert guard in vetoed(one, other)
    assert guard in vetoed(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How do I reset a password?", "How can I reset passwords?"),
        ("What is the best way to learn Go?", "How do I best learn Go?"),
        ("What's the difference between tea and coffee?", "difference between coffee and tea?"),
        ("Is it 5,000 metres high?", "Is it 5000 meters high?"),
        ("Why can't I log in?", "Why can I not log in?"),
        ("What is the reason leaves fall?", "Why do leaves fall?"),
        ("What are good books on Rome?", "What are the best books on Rome?"),
        ("What is MongoDB?", "what is mongodb"),
    ],
)
def test_a_rewording_is_not_vetoed(one, other):
    allowed = {Guard.QUESTION} if "difference" in one else set()
    assert set(vetoed(one, other)) <= allowed


def test_a_rare_word_in_the_place_of_another_is_vetoed():
    rare = CommonWords("malaria", "cholera")
    assert vetoed("How does malaria spread?", "How does cholera spread?", rare) == (Guard.UNSHARED,)


def test_a_rare_word_in_the_place_of_one_that_means_the_same_is_not():
    rare = CommonWords("physician", "doctor", likeness=0.8)
    assert vetoed("How do I find a physician?", "How do I find a doctor?", rare) == ()


def test_an_added_rare_word_is_vetoed_unless_the_texts_are_very_near():
    rare = CommonWords("chronic")
    texts = ("How is pain treated?", "How is chronic pain treated?")
    assert vetoed(*texts, rare, similarity=0.959) == (Guard.UNSHARED,)
    assert vetoed(*texts, rare, similarity=0.96) == ()


@given(st.text(max_size=200))
def test_a_text_is_never_vetoed_against_itself(text):
    assert vetoed(text, text) == ()


@given(st.text(max_size=80), st.text(max_size=80))
def test_vetoes_do_not_depend_on_which_text_was_stored(one, other):
    assert vetoed(one, other) == vetoed(other, one)


def test_levels_order_what_is_let_through():
    assert level_passed(()) is GuardLevel.STRICT
    assert level_passed((Guard.ORDER, Guard.QUESTION)) is GuardLevel.FACTS
    assert level_passed((Guard.ORDER, Guard.NUMBER)) is GuardLevel.NONE
