"""Code through the whole compressor."""

from __future__ import annotations

import pytest

from bursar_compressor import work
from bursar_compressor.domain import Compressed, Order
from bursar_compressor.registry import Level
from code_samples import sample

REFERENCE = f"blob_{'0' * 64}"
MODEL = "gpt-4o"


def compressed(content: str, **terms: object) -> Compressed:
    order = Order(content, level=Level.SAFE, reference=REFERENCE, **terms)  # type: ignore[arg-type]
    return work.compressed(order, MODEL).compressed


def methods_of(result: Compressed) -> list[str]:
    return [change.method for change in result.changes]


@pytest.mark.parametrize("language", ["python", "typescript", "go", "rust", "java", "php"])
def test_safe_leaves_bodies_out_and_a_second_pass_changes_nothing(language: str) -> None:
    result = compressed(sample(language))
    assert methods_of(result) == ["code_skeleton"]
    assert result.tokens_after < result.tokens_before
    assert result.needs_original
    assert compressed(result.content).content == result.content


def test_a_target_that_comments_alone_can_meet_costs_no_body() -> None:
    remarks = "# this says at length what the next line does, which nobody needs to read\n"
    content = (
        "import os\n\n\n" + f"{remarks}def f(a):\n    b = a\n    c = b\n    return c\n\n\n" * 12
    )
    before = compressed(content, target_tokens=100_000).tokens_before
    result = compressed(content, target_tokens=before * 3 // 4)
    assert methods_of(result) == ["code_comments"]
    assert "return c" in result.content


def test_code_with_a_fault_says_why_it_stayed() -> None:
    content = "def f(:\n    return [1, 2]\n\n\ndef g():\n    x = [3]\n    return x\n" * 5
    result = compressed(content)
    assert result.content == content
    assert "no grammar reads it without fault" in result.changes[-1].summary


def test_what_is_protected_stays() -> None:
    result = compressed(sample("python"), protected=("total += prices[line] * 2",))
    assert "total += prices[line] * 2" in result.content
