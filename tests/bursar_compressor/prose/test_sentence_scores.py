"""Which sentences have to do with a question."""

from __future__ import annotations

from bursar_compressor.prose.novelty import by_novelty
from bursar_compressor.prose.sentence_scores import scores

SENTENCES = [
    "It rains. ",
    "The castle was begun by King Otto. ",
    "He died in 1190.\n",
    "Snow fell.",
]


def test_a_sentence_with_the_words_is_before_its_neighbour_and_that_before_others() -> None:
    found = scores(SENTENCES, "who began building the castle of King Otto?")
    assert found[1] > found[0] > found[3]
    assert found[3] == 0.0


def test_a_question_after_a_year_favours_sentences_with_one() -> None:
    plain = scores(SENTENCES, "did King Otto die?")
    asked = scores(SENTENCES, "in which year did King Otto die?")
    assert asked[2] - asked[0] > plain[2] - plain[0]


def test_endings_do_not_hide_a_word() -> None:
    assert scores(["They were painting walls. "], "who painted the wall?")[0] > 0


def test_a_sentence_that_repeats_another_comes_last() -> None:
    order = by_novelty(["Trains stop here.", "Trains stop here.", "The bridge fell in 1871."])
    assert order[-1] == 1
