"""Costs as the ledger records them: the total, and the rates it was made with."""

from __future__ import annotations

from bursar.ledger.v1 import ledger_pb2
from bursar.prices.costs import cost
from bursar.prices.rows import PriceRow
from bursar.prices.usage import Usage

UNKNOWN = ledger_pb2.Cost(is_known=False)


def recorded_cost(
    row: PriceRow | None, usage: ledger_pb2.TokenUsage, requests: int = 1
) -> ledger_pb2.Cost:
    """What `usage` costs at `row`, with the rates that held for it; marked unknown without a
    row.
    """
    return recorded_cost_of(
        row,
        Usage(
            input_tokens=usage.input_tokens,
            cached_input_tokens=usage.cached_input_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
            output_tokens=usage.output_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            requests=requests,
        ),
    )


def recorded_cost_of(row: PriceRow | None, usage: Usage) -> ledger_pb2.Cost:
    """The same of what a provider reported."""
    if row is None:
        return UNKNOWN
    return ledger_pb2.Cost(
        total_nano_usd=cost(row, usage).total_nano_usd,
        is_known=True,
        price=recorded_row(row, usage.input_tokens),
    )


def usage_message(usage: Usage, *, is_estimate: bool) -> ledger_pb2.TokenUsage:
    """A provider's usage as the ledger records it."""
    return ledger_pb2.TokenUsage(
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        is_estimate=is_estimate,
    )


def recorded_row(row: PriceRow, input_tokens: int) -> ledger_pb2.PriceRow:
    """The rates of a call with that total input, whichever tier they are from."""
    rates = row.rates_at(input_tokens)
    return ledger_pb2.PriceRow(
        provider=row.provider,
        model=row.model,
        input_pico_usd_per_token=rates.input_pico_usd_per_token,
        cached_input_pico_usd_per_token=rates.cached_input_pico_usd_per_token,
        cache_write_pico_usd_per_token=rates.cache_write_pico_usd_per_token,
        cache_write_1h_pico_usd_per_token=rates.cache_write_1h_pico_usd_per_token,
        output_pico_usd_per_token=rates.output_pico_usd_per_token,
        request_nano_usd=row.request_nano_usd,
        snapshot_hash=row.snapshot_hash,
        price_set=row.price_set,
    )
