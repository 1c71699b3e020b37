"""The shape of a prices file, checked field by field."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bursar.money import (
    NANO_USD_PER_USD,
    PICO_USD_PER_TOKEN_AT_ONE_USD_PER_MILLION,
)
from bursar.prices.patterns import PatternRow
from bursar.prices.rows import LongContextTier, PriceRow, TokenRates

PRICE_SET = "own"
USD_PER_MILLION_MAX = 1_000_000
NANOSECONDS_PER_SECOND = 1_000_000_000
TOKENS_MAX = 10**12


def _decimal(value: object, decimals_max: int, example: str) -> Decimal:
    digits = r"\d{1,9}(?:\.\d{1," + str(decimals_max) + r"})?"
    if not isinstance(value, str) or not re.fullmatch(digits, value):
        raise ValueError(
            f"write dollars as a decimal of at most {decimals_max} places, such as {example}"
        )
    return Decimal(value)


def _pico_usd_per_token(value: object) -> int:
    amount = _decimal(value, 6, "0.25")
    if amount > USD_PER_MILLION_MAX:
        raise ValueError(f"give at most {USD_PER_MILLION_MAX} USD per million tokens")
    return int(amount * PICO_USD_PER_TOKEN_AT_ONE_USD_PER_MILLION)


def _nano_usd(value: object) -> int:
    return int(_decimal(value, 9, "0.005") * NANO_USD_PER_USD)


def _tokens(value: object) -> int:
    if (
        not isinstance(value, str)
        or not re.fullmatch(r"\d[\d_]*", value)
        or int(value) > TOKENS_MAX
    ):
        raise ValueError("give a whole number of tokens, such as 200000")
    return int(value)


def _midnight_ns(value: object) -> int:
    try:
        day = date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("give a date, such as 2026-01-31; it begins at midnight UTC") from None
    midnight = datetime.combine(day, time(0), tzinfo=UTC)
    return int(midnight.timestamp()) * NANOSECONDS_PER_SECOND


def _name(value: object) -> str:
    is_text = isinstance(value, str) and 0 < len(value) <= 200
    if not is_text or "*" in str(value)[:-1]:
        raise ValueError("give a name of at most 200 characters; a * only as its last one")
    return str(value).lower()


UsdPerMillion = Annotated[int, BeforeValidator(_pico_usd_per_token)]
"""Written in USD per million tokens, held in pico-USD a token."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class OwnRates(_Strict):
    """Prices in USD per million tokens. What is left out follows the input's price."""

    input_usd_per_million_tokens: UsdPerMillion
    output_usd_per_million_tokens: UsdPerMillion
    cached_input_usd_per_million_tokens: UsdPerMillion | None = None
    cache_write_usd_per_million_tokens: UsdPerMillion | None = None
    cache_write_1h_usd_per_million_tokens: UsdPerMillion | None = None

    def rates(self) -> TokenRates:
        """The same in pico-USD a token, nothing left out."""
        plain = self.input_usd_per_million_tokens
        cached, write = (
            plain if given is None else given
            for given in (
                self.cached_input_usd_per_million_tokens,
                self.cache_write_usd_per_million_tokens,
            )
        )
        write_1h = self.cache_write_1h_usd_per_million_tokens
        return TokenRates(
            input_pico_usd_per_token=plain,
            cached_input_pico_usd_per_token=cached,
            cache_write_pico_usd_per_token=write,
            cache_write_1h_pico_usd_per_token=write if write_1h is None else write_1h,
            output_pico_usd_per_token=self.output_usd_per_million_tokens,
        )


class OwnTier(OwnRates):
    """Prices for all tokens of a call whose total input exceeds `above_input_tokens`."""

    above_input_tokens: Annotated[int, BeforeValidator(_tokens)]


class OwnPrice(OwnRates):
    """One entry of the file."""

    model: Annotated[str, BeforeValidator(_name)]
    provider: Annotated[str, BeforeValidator(_name)] | None = None
    request_usd: Annotated[int, BeforeValidator(_nano_usd)] = 0
    effective_from: Annotated[int, BeforeValidator(_midnight_ns)] | None = None
    long_context: tuple[OwnTier, ...] = Field(default=(), strict=False, max_length=16)

    def row(self, source: str) -> PatternRow:
        """What the entry says as a price row; the price book adds the hash of the whole."""
        tiers = sorted(self.long_context, key=lambda tier: tier.above_input_tokens)
        row = PriceRow(
            **asdict(self.rates()),
            provider=self.provider or "",
            model=self.model,
            request_nano_usd=self.request_usd,
            tiers=tuple(
                LongContextTier(above_input_tokens=tier.above_input_tokens, **asdict(tier.rates()))
                for tier in tiers
            ),
            price_set=PRICE_SET,
            source=source,
            snapshot_hash=b"",
            effective_from_ns=self.effective_from,
        )
        return PatternRow(self.provider, self.model, row)


class OwnPrices(_Strict):
    """The whole file."""

    prices: tuple[OwnPrice, ...] = Field(default=(), strict=False, max_length=10_000)
