"""What a call would have cost without Bursar, and why it cost less: docs/baseline.md.

Nothing is asserted: each cause is priced at the rates that the call's own event recorded. The parts
are exact in pico-USD; their sum is rounded once, and split by largest remainder, so that the causes
of a call add up to its saving to the nano-USD.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bursar.money import PICO_USD_PER_NANO_USD, nano_usd_from_pico_usd
from bursar_efficiency.domain.facts import Saved, Tokens

# Its number in bursar.ledger.v1.SavingCause.
PROVIDER_PROMPT_CACHE = 3


@dataclass(frozen=True, slots=True)
class Rates:
    """Pico-USD a token, as recorded with the call."""

    input: int
    cached_input: int
    cache_write: int
    cache_write_1h: int
    output: int


def of_call(told: Sequence[Saved], tokens: Tokens, rates: Rates) -> tuple[Saved, ...]:
    """All that one call saved, priced: what its event told of, and the provider's prompt cache.

    A saving whose cost was told keeps it; tokens alone are worth the call's own rates.
    """
    cached = Saved(PROVIDER_PROMPT_CACHE, 0, 0, 0, is_cost_known=True)
    savings = told if tokens.uncached else [*told, cached]
    parts_pico_usd = [_pico_usd(saved, rates) for saved in told]
    parts_pico_usd.append(provider_cache_pico_usd(tokens, rates))
    return tuple(
        saved._replace(cost_nano_usd=cost_nano_usd, is_cost_known=True)
        for saved, cost_nano_usd in zip(savings, split(parts_pico_usd[: len(savings)]), strict=True)
    )


def provider_cache_pico_usd(tokens: Tokens, rates: Rates) -> int:
    """What the provider's prompt cache saved: reads below the input rate, less the premium of
    writes. Negative when writes cost more than reads saved.
    """
    return (
        tokens.cached_input_tokens * (rates.input - rates.cached_input)
        - tokens.cache_write_tokens * (rates.cache_write - rates.input)
        - tokens.cache_write_1h_tokens * (rates.cache_write_1h - rates.input)
    )


def split(parts_pico_usd: Sequence[int]) -> list[int]:
    """Nano-USD of each part: together they are the sum of all, rounded once, half to even.

    Parts may be negative: each is rounded down, and those that lost most get one back.
    """
    total_nano_usd = nano_usd_from_pico_usd(sum(parts_pico_usd))
    parts = [part // PICO_USD_PER_NANO_USD for part in parts_pico_usd]
    by_remainder = sorted(
        range(len(parts)), key=lambda at: (-(parts_pico_usd[at] % PICO_USD_PER_NANO_USD), at)
    )
    for at in by_remainder[: total_nano_usd - sum(parts)]:
        parts[at] += 1
    return parts


def _pico_usd(saved: Saved, rates: Rates) -> int:
    if saved.is_cost_known:
        return saved.cost_nano_usd * PICO_USD_PER_NANO_USD
    return saved.input_tokens * rates.input + saved.output_tokens * rates.output
