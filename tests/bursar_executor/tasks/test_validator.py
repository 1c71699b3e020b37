"""What checks say of a model's answer."""

import pytest

from bursar.errors import BackendUnavailable
from bursar_executor.backends.backend import Outcome
from bursar_executor.backends.registry import Registry
from bursar_executor.settings import ExecutorSettings
from bursar_executor.tasks.validator import Validator
from executor_parts import isolate


@pytest.fixture
async def validator(tmp_path, monkeypatch):
    isolate(monkeypatch, tmp_path)
    async with Registry(ExecutorSettings()) as backends:
        yield Validator(backends)


def said(text, error=None):
    return Outcome(summary="", text=text, error=error)


async def test_code_that_parses_is_accepted_whatever_its_taste(validator):
    verdict = await validator.verdict(said("```python\nimport os\nx = undefined\n```\n"))

    assert verdict.is_accepted
    assert "tool/ruff" in " ".join(verdict.checked_by)


async def test_code_that_does_not_parse_is_refused_with_the_place(validator):
    verdict = await validator.verdict(said("```python\nfine = 1\ndef broken(:\n```\n"))

    assert not verdict.is_accepted
    assert "block_1.py:2" in verdict.evidence


@pytest.mark.parametrize(
    ("outcome", "words"),
    [(said(" \n"), "empty"), (said("half", BackendUnavailable("it broke off")), "broke off")],
)
async def test_an_answer_that_is_not_there_is_refused(validator, outcome, words):
    verdict = await validator.verdict(outcome)

    assert not verdict.is_accepted
    assert words in verdict.evidence


async def test_of_words_alone_no_check_tells_anything(validator):
    assert await validator.verdict(said("All is well.")) is None
