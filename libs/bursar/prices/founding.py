"""The two prices the founding design reckoned with, so that its own arithmetic can be repeated."""

from __future__ import annotations

from bursar.money import PICO_USD_PER_TOKEN_AT_ONE_USD_PER_MILLION
from bursar.prices.patterns import PatternRow
from bursar.prices.rows import PriceRow

PRICE_SET = "founding-2024"


def founding_rows() -> list[PatternRow]:
    """Claude at $15 and $75, GPT-4 at $30 and $60 a million tokens. It knew no cached prices."""
    return [_row("anthropic", "claude*", 15, 75), _row("openai", "gpt-4*", 30, 60)]


def _row(provider: str, model: str, input_usd: int, output_usd: int) -> PatternRow:
    """Prices in USD per million tokens."""
    input_pico_usd = input_usd * PICO_USD_PER_TOKEN_AT_ONE_USD_PER_MILLION
    row = PriceRow(
        provider=provider,
        model=model,
        input_pico_usd_per_token=input_pico_usd,
        cached_input_pico_usd_per_token=input_pico_usd,
        cache_write_pico_usd_per_token=input_pico_usd,
        cache_write_1h_pico_usd_per_token=input_pico_usd,
        output_pico_usd_per_token=output_usd * PICO_USD_PER_TOKEN_AT_ONE_USD_PER_MILLION,
        price_set=PRICE_SET,
        source="the founding design, 2024",
        snapshot_hash=b"",
    )
    return PatternRow(provider, model, row)
