"""The price of a model that bills nobody: known, and nothing."""

from __future__ import annotations

from bursar.prices.rows import PriceRow

PRICE_SET = "free"


def free_row(provider: str, model: str) -> PriceRow:
    """All rates 0: the cost of its calls is known to be nothing, which is not the same as
    unknown.
    """
    return PriceRow(
        provider=provider,
        model=model,
        input_pico_usd_per_token=0,
        cached_input_pico_usd_per_token=0,
        cache_write_pico_usd_per_token=0,
        cache_write_1h_pico_usd_per_token=0,
        output_pico_usd_per_token=0,
        price_set=PRICE_SET,
        source="runs on this machine",
        snapshot_hash=b"",
    )
