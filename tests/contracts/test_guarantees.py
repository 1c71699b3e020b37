"""Every test that the page of guarantees names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "guarantees.md"
NAMED = re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE.read_text())


def test_the_page_names_tests():
    assert len(NAMED) > 20


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_named_test_exists(file: str, name: str):
    path = TESTS / file
    assert path.is_file(), f"{file} is gone"
    assert f"def {name}(" in path.read_text(), f"{file} has no {name}"
