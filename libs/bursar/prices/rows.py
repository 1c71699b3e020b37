"""A price row: what one model costs at one time, in pico-USD a token."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRates:
    """What a token costs by kind. One pico-USD a token is one micro-USD per million tokens."""

    input_pico_usd_per_token: int
    cached_input_pico_usd_per_token: int
    cache_write_pico_usd_per_token: int
    cache_write_1h_pico_usd_per_token: int
    output_pico_usd_per_token: int

    def dearest_input_pico_usd_per_token(self, *, may_write_cache: bool) -> int:
        """The most that one input token can cost."""
        writes = (self.cache_write_pico_usd_per_token, self.cache_write_1h_pico_usd_per_token)
        return max(
            self.input_pico_usd_per_token,
            self.cached_input_pico_usd_per_token,
            *(writes if may_write_cache else ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LongContextTier(TokenRates):
    """Rates for every token of a call whose total input exceeds `above_input_tokens`."""

    above_input_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow(TokenRates):
    """The price of one model. Recorded with each cost, so that history stays when prices change.

    `tiers` ascend. `snapshot_hash` is the sha256 of the whole price set the row was found in.
    `variant` names the terms that the rates are for, as `service_tier=priority`; empty for the
    usual ones. The row held from `effective_from_ns` on and before `effective_until_ns`, where
    known. `unpriced_units` are what the model bills besides and Bursar does not: costs of calls
    that used them are not whole.
    """

    provider: str
    model: str
    request_nano_usd: int = 0
    tiers: tuple[LongContextTier, ...] = ()
    price_set: str
    source: str
    snapshot_hash: bytes
    variant: str = ""
    effective_from_ns: int | None = None
    effective_until_ns: int | None = None
    unpriced_units: tuple[str, ...] = ()

    def rates_at(self, input_tokens: int) -> TokenRates:
        """The rates of a call with that total input: of the highest tier it exceeds, if any."""
        for tier in reversed(self.tiers):
            if input_tokens > tier.above_input_tokens:
                return tier
        return self
