"""Words written shorter, only where asked for and where it saves."""

from __future__ import annotations

import pytest

from bursar_compressor import work
from bursar_compressor.detection import Kind
from bursar_compressor.prose.abbreviations import TABLE, rewrite, saved_tokens, written_out
from bursar_compressor.rewriting import Extra, Options

ASKED = frozenset((Extra.ABBREVIATIONS,))


def by_length(text: str) -> int:
    """A tokeniser for which every word of the table saves."""
    return len(text)


def shortened(text: str) -> str:
    return rewrite(text, Options(Kind.PROSE, "", by_length, extras=ASKED)).content


def test_words_are_written_shorter_as_whole_words_only() -> None:
    assert shortened("The function and its functions take an argument.") == (
        "The fn and its functions take an arg."
    )


def test_nothing_happens_unless_asked_for() -> None:
    options = Options(Kind.PROSE, "", by_length)
    assert rewrite("The function.", options).content == "The function."


def test_code_and_quotes_stay() -> None:
    text = 'Call `function` or "the function" in src/function.py:\n```\nfunction f() {}\n```\nDone.'
    assert shortened(text) == text


def test_a_short_form_that_stands_there_already_is_not_used() -> None:
    assert shortened("The function is called fn here.") == "The function is called fn here."


def test_they_can_be_written_out_again() -> None:
    text = "The configuration of the function, its implementation and each argument."
    assert written_out(shortened(text), list(TABLE)) == text


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4"])
def test_no_word_of_the_table_saves_a_token_in_the_vocabularies_of_today(model: str) -> None:
    def count(text: str) -> int:
        return work.count(text, model)[0]

    assert {saved_tokens(word, count) for word in TABLE} == {0}
