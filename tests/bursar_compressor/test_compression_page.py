"""docs/compression.md shows what comes out."""

from __future__ import annotations

from pathlib import Path

import pytest

from compression_examples import EXAMPLES, shown

PAGE = Path(__file__).resolve().parents[2] / "docs" / "compression.md"


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_shows_each_example_as_it_comes_out(name):
    assert shown(name) in PAGE.read_text()
