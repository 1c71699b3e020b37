"""An answer is cut once it is longer than what was set aside for it, and not before."""

import pytest

from bursar.tokens.texts import count_text
from bursar_executor.models.output_bound import OutputBound

WORDS = ["All ", "of ", "this ", "is ", "said ", "again", ". "] * 40


def passed_at(bound):
    """How many words came before it was passed."""
    return next((place for place, word in enumerate(WORDS) if bound.is_passed(word)), None)


def test_it_is_passed_by_the_first_words_above_it():
    whole = count_text("".join(WORDS), "gpt-4o").tokens

    assert passed_at(OutputBound(whole, "gpt-4o")) is None
    place = passed_at(OutputBound(100, "gpt-4o"))
    assert place is not None
    tokens = count_text("".join(WORDS[: place + 1]), "gpt-4o").tokens
    assert 100 < tokens <= 103


@pytest.mark.parametrize("max_tokens", [1, 50])
def test_an_estimate_has_a_margin(max_tokens):
    exact, estimated = (
        passed_at(OutputBound(max_tokens, model)) for model in ("gpt-4o", "claude-haiku-4-5")
    )

    assert exact is not None
    assert estimated is None or estimated >= exact * 0.7
