"""Which language a text is in."""

from __future__ import annotations

import pytest

from bursar_compressor.code.languages import GUESSES_MAX, guesses
from bursar_compressor.detection import Kind, detect
from code_samples import LANGUAGES, sample


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_is_told_by_its_words(language: str) -> None:
    assert guesses(sample(language))[0] == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_is_found_to_be_code(language: str) -> None:
    assert detect(sample(language)) is Kind.CODE


def test_javascript_with_types_is_typescript() -> None:
    assert guesses("const x: number = 1;\nexport function f() { return require('a'); }\n")[0] == (
        "typescript"
    )


def test_sql_in_capitals_is_sql() -> None:
    assert guesses("SELECT a FROM b WHERE c = 1 ORDER BY d;\n")[0] == "sql"


def test_few_guesses_are_made_and_none_about_nothing() -> None:
    assert guesses("") == ()
    assert all(len(guesses(sample(language))) <= GUESSES_MAX for language in LANGUAGES)


def test_nothing_is_php_without_its_opening() -> None:
    content = "namespace A;\nuse B;\npublic function c() { return $this->d; }\n"
    assert "php" not in guesses(content)
    assert guesses(f"<p>\n<?php\n{content}")[0] == "php"
