"""The founding design's own arithmetic: $15/$75 and $30/$60 a million tokens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bursar.errors import InvalidRequest
from bursar.money import NANO_USD_PER_USD
from bursar.prices.book import PriceBook
from bursar.prices.costs import cost
from bursar.prices.usage import Usage

MILLION = 1_000_000


@pytest.fixture
def book():
    return PriceBook.load(price_set="founding-2024")


@pytest.mark.parametrize(
    ("provider", "model", "input_usd", "output_usd"),
    [
        ("anthropic", "claude-3-opus", 15, 75),
        ("openai", "gpt-4", 30, 60),
        (None, "gpt-4-turbo", 30, 60),
    ],
)
def test_a_million_tokens_cost_what_the_founding_design_says(
    book, provider, model, input_usd, output_usd
):
    row = book.find(provider, model, 0)
    assert cost(row, Usage(input_tokens=MILLION)).total_nano_usd == input_usd * NANO_USD_PER_USD
    assert cost(row, Usage(output_tokens=MILLION)).total_nano_usd == output_usd * NANO_USD_PER_USD
    assert row.price_set == "founding-2024"
    assert row.snapshot_hash == book.snapshot_hash


def test_it_knows_no_other_model(book):
    assert book.find("google", "gemini-2.5-pro", 0) is None
    assert book.find("openai", "claude-3-opus", 0) is None


def test_own_prices_win_here_too(tmp_path):
    own_file = tmp_path / "prices.yaml"
    own_file.write_text(
        "prices:\n  - model: gpt-4\n    input_usd_per_million_tokens: 1\n"
        "    output_usd_per_million_tokens: 1\n"
    )
    book = PriceBook.load(own_file, price_set="founding-2024")
    assert book.find("openai", "gpt-4", 0).input_pico_usd_per_token == 1_000_000


def test_an_unknown_price_set_is_refused_with_those_there_are():
    with pytest.raises(InvalidRequest, match="founding-2024"):
        PriceBook.load(price_set="latest")


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, bursar.prices.book, bursar.prices.costs, bursar.prices.usage\n"
        "print([m for m in ('genai_prices', 'pydantic', 'yaml', 'asyncio') if m in sys.modules])"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONPATH": str(root / "libs")},
    )
    assert done.stdout.strip() == "[]"
