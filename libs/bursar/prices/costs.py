"""From a price and a usage to money, exactly; and the most that tokens can cost, for holds."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from bursar.errors import InvalidRequest
from bursar.money import (
    PICO_USD_PER_NANO_USD,
    nano_usd_ceiling_from_pico_usd,
    nano_usd_from_pico_usd,
    share_by_largest_remainder,
)
from bursar.prices.rows import PriceRow
from bursar.prices.usage import Usage


@dataclass(frozen=True, slots=True)
class CostParts:
    """What each kind of token cost; the parts add up to the total."""

    input_nano_usd: int
    cached_input_nano_usd: int
    cache_write_nano_usd: int
    cache_write_1h_nano_usd: int
    output_nano_usd: int
    requests_nano_usd: int


class Cost(msgspec.Struct, frozen=True):
    """What a call cost: exact in pico-USD, and rounded once, half to even, to nano-USD.

    `unpriced_units` is what the call used and the row does not price: then the total is a part.
    """

    total_pico_usd: int
    total_nano_usd: int
    parts_pico_usd: tuple[int, ...]
    unpriced_units: tuple[str, ...] = ()

    @property
    def parts(self) -> CostParts:
        """The total by kind of token, split by largest remainder when asked for."""
        if not self.total_nano_usd:
            return NO_PARTS
        return CostParts(*share_by_largest_remainder(self.total_nano_usd, self.parts_pico_usd))


NO_PARTS = CostParts(0, 0, 0, 0, 0, 0)


def cost(row: PriceRow, usage: Usage) -> Cost:
    """What `usage` costs at `row`: the sum of tokens times rate, rounded once.

    A call whose total input exceeds a tier of the row pays that tier's rates for all its tokens.
    """
    rates = row.rates_at(usage.input_tokens)
    parts_pico_usd = (
        usage.uncached_input_tokens * rates.input_pico_usd_per_token,
        usage.cached_input_tokens * rates.cached_input_pico_usd_per_token,
        usage.cache_write_tokens * rates.cache_write_pico_usd_per_token,
        usage.cache_write_1h_tokens * rates.cache_write_1h_pico_usd_per_token,
        usage.output_tokens * rates.output_pico_usd_per_token,
        usage.requests * row.request_nano_usd * PICO_USD_PER_NANO_USD,
    )
    total_pico_usd = sum(parts_pico_usd)
    total_nano_usd = nano_usd_from_pico_usd(total_pico_usd)
    unpriced_units = usage.unpriced_units
    if unpriced_units:
        unpriced_units = tuple(u for u in unpriced_units if u in row.unpriced_units)
    return Cost(total_pico_usd, total_nano_usd, parts_pico_usd, unpriced_units)


def hold_cost(
    row: PriceRow,
    input_tokens_bound: int,
    output_tokens_max: int,
    *,
    requests: int = 1,
    may_write_cache: bool = True,
) -> int:
    """Nano-USD that any usage within these bounds fits: tokens at their dearest rates, rounded up.

    Tiers that the input can reach count, and writing to the provider's cache, unless
    `may_write_cache` is False: a request without marks to a provider that writes only where marked.
    """
    bounds = (input_tokens_bound, output_tokens_max, requests)
    if min(bounds) < 0:
        raise InvalidRequest.of("hold", bounds, "give bounds of at least 0")
    input_pico_usd = row.dearest_input_pico_usd_per_token(may_write_cache=may_write_cache)
    output_pico_usd = row.output_pico_usd_per_token
    for tier in row.tiers:
        if input_tokens_bound > tier.above_input_tokens:
            dearest = tier.dearest_input_pico_usd_per_token(may_write_cache=may_write_cache)
            input_pico_usd = max(input_pico_usd, dearest)
            output_pico_usd = max(output_pico_usd, tier.output_pico_usd_per_token)
    return nano_usd_ceiling_from_pico_usd(
        input_tokens_bound * input_pico_usd
        + output_tokens_max * output_pico_usd
        + requests * row.request_nano_usd * PICO_USD_PER_NANO_USD
    )
