"""What a task needs is read from its words and its inputs, where nobody says."""

import pytest

from bursar_executor.tasks.needs import inferred_capabilities

LOG = {"-": "pytest"}


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        ("tidy these files", ("linting", "formatting")),
        ("Lint this!", ("linting",)),
        ("review my change", ("code_review",)),
        ("write docstrings", ("documentation", "code_generation")),
        ("why did this fail", ("debugging",)),
        ("hello", ()),
        ("formatless unlinted", ()),
    ],
)
def test_words_say_what_is_needed(words, needed):
    assert inferred_capabilities(words, {}) == needed


@pytest.mark.parametrize(
    "words", ["why did this fail", "what is this", "review this", "tidy up what fails"]
)
def test_a_test_log_with_words_of_failure_or_no_other_wish_is_debugging_alone(words):
    assert inferred_capabilities(words, LOG) == ("debugging",)


def test_a_test_log_among_the_files_does_not_hide_other_wishes():
    assert inferred_capabilities("lint this", LOG) == ("linting",)
