"""A price of the library in whole numbers: decimals of USD per million tokens, exactly.

What the library leaves out follows its own rule: cached input and cache writes cost what input
costs, writes for an hour what other writes cost. A model priced by input alone bills no output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING, TypeAlias

from bursar.money import NANO_USD_PER_USD, PICO_USD_PER_TOKEN_AT_ONE_USD_PER_MILLION
from bursar.prices.rows import LongContextTier, TokenRates

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, Tier, TieredPrices

REQUESTS_PER_PRICE = 1_000
BELOW_ANY_TIER = -1
_INPUT, _CACHED, _OUTPUT = "input_mtok", "cache_read_mtok", "output_mtok"
_WRITE, _WRITE_1H, _REQUESTS = "cache_write_mtok", "cache_write_1h_mtok", "requests_kcount"
_CARRIED = frozenset({_INPUT, _CACHED, _OUTPUT, _WRITE, _WRITE_1H, _REQUESTS})
_REASONING = "output_reasoning_mtok"

Price: TypeAlias = "Decimal | TieredPrices"
"""USD for the key's number of units, the same at any length or by tiers of total input."""


class NotConvertible(ValueError):
    """A price of the library that Bursar cannot express; the message says why."""


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """The part of a price row that comes from the library.

    `other_price_keys` are prices for what Bursar does not meter, by the library's name of each.
    `rounded_price_keys` had more than six decimals and were rounded up, against the tenant.
    """

    rates: TokenRates
    tiers: tuple[LongContextTier, ...]
    request_nano_usd: int
    other_price_keys: tuple[str, ...]
    rounded_price_keys: tuple[str, ...]


def convert(price: ModelPrice) -> LibraryRow:
    """The row of one price. Raises NotConvertible with the reason."""
    values: dict[str, Price] = {k: v for k, v in vars(price).items() if v is not None}
    if _INPUT not in values:
        others = ", ".join(sorted(values))
        raise NotConvertible(f"priced by {others}" if others else "no price is stated")
    if _REASONING in values:
        raise NotConvertible("reasoning tokens have a price of their own")
    thresholds = sorted({tier.start for value in values.values() for tier in _tiers(value)})
    return LibraryRow(
        rates=TokenRates(**_rates(values, BELOW_ANY_TIER)),
        tiers=tuple(
            LongContextTier(above_input_tokens=start, **_rates(values, start))
            for start in thresholds
        ),
        request_nano_usd=_request_nano_usd(values),
        other_price_keys=tuple(sorted(values.keys() - _CARRIED)),
        rounded_price_keys=tuple(
            sorted(k for k in values.keys() & _CARRIED if _is_rounded(values[k]))
        ),
    )


def pico_usd_per_token(usd_per_million_tokens: Decimal) -> int:
    """Rounded up where it is no whole number: a millionth of a micro-USD, against the tenant."""
    exact = usd_per_million_tokens * PICO_USD_PER_TOKEN_AT_ONE_USD_PER_MILLION
    return int(exact.to_integral_value(ROUND_UP))


def _rates(values: Mapping[str, Price], above_input_tokens: int) -> dict[str, int]:
    at = {key: _at(value, above_input_tokens) for key, value in values.items() if key in _CARRIED}
    write = at.get(_WRITE, at[_INPUT])
    return {
        "input_pico_usd_per_token": pico_usd_per_token(at[_INPUT]),
        "cached_input_pico_usd_per_token": pico_usd_per_token(at.get(_CACHED, at[_INPUT])),
        "cache_write_pico_usd_per_token": pico_usd_per_token(write),
        "cache_write_1h_pico_usd_per_token": pico_usd_per_token(at.get(_WRITE_1H, write)),
        "output_pico_usd_per_token": pico_usd_per_token(at.get(_OUTPUT, Decimal(0))),
    }


def _at(value: Price, above_input_tokens: int) -> Decimal:
    """The price in the tier that begins there, or in the one below if it has none of its own."""
    if isinstance(value, Decimal):
        return value
    reached = [tier.price for tier in value.tiers if tier.start <= above_input_tokens]
    return reached[-1] if reached else value.base


def _tiers(value: Price) -> Sequence[Tier]:
    return () if isinstance(value, Decimal) else value.tiers


def _request_nano_usd(values: Mapping[str, Price]) -> int:
    usd = _at(values.get(_REQUESTS, Decimal(0)), BELOW_ANY_TIER)
    return int((usd * NANO_USD_PER_USD / REQUESTS_PER_PRICE).to_integral_value(ROUND_UP))


def _is_rounded(value: Price) -> bool:
    prices = [_at(value, BELOW_ANY_TIER), *(tier.price for tier in _tiers(value))]
    return any(
        pico_usd_per_token(p) != p * PICO_USD_PER_TOKEN_AT_ONE_USD_PER_MILLION for p in prices
    )
