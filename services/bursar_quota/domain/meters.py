"""What limits count, and the amounts of one call."""

from __future__ import annotations

from enum import IntEnum

from msgspec import Struct

AMOUNT_MAX = 2**63 - 1  # what the contract's integers hold


class Meter(IntEnum):
    """Numbers as in the contract."""

    REQUESTS = 1
    INPUT_TOKENS = 2
    OUTPUT_TOKENS = 3
    TOTAL_TOKENS = 4
    COST_NANO_USD = 5
    CONCURRENT_RESERVATIONS = 6


class Amounts(Struct, frozen=True, gc=False, array_like=True):
    """What a call takes, or took, from each meter. Each >= 0, and the tokens' sum fits 63 bits."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano_usd: int = 0


NO_AMOUNTS = Amounts()

ByMeter = tuple[int, int, int, int, int, int, int]


def by_meter(amounts: Amounts, reservations: int = 0) -> ByMeter:
    """The amount of each meter, at the meter's number; `reservations` says how many they hold."""
    return (
        0,
        amounts.requests,
        amounts.input_tokens,
        amounts.output_tokens,
        amounts.input_tokens + amounts.output_tokens,
        amounts.cost_nano_usd,
        reservations,
    )


def negative(amounts: ByMeter) -> ByMeter:
    nothing, requests, taken, given, tokens, cost, reservations = amounts
    return nothing, -requests, -taken, -given, -tokens, -cost, -reservations


def above(used: Amounts, held: Amounts) -> Amounts:
    """What was used beyond the hold, meter by meter; 0 where the hold sufficed."""
    if (
        used.requests <= held.requests
        and used.input_tokens <= held.input_tokens
        and used.output_tokens <= held.output_tokens
        and used.cost_nano_usd <= held.cost_nano_usd
    ):
        return NO_AMOUNTS
    return Amounts(
        max(0, used.requests - held.requests),
        max(0, used.input_tokens - held.input_tokens),
        max(0, used.output_tokens - held.output_tokens),
        max(0, used.cost_nano_usd - held.cost_nano_usd),
    )


def plus(one: Amounts, other: Amounts) -> Amounts:
    return Amounts(
        one.requests + other.requests,
        one.input_tokens + other.input_tokens,
        one.output_tokens + other.output_tokens,
        one.cost_nano_usd + other.cost_nano_usd,
    )


def minus(one: Amounts, other: Amounts) -> Amounts:
    """May be negative: a correction."""
    return Amounts(
        one.requests - other.requests,
        one.input_tokens - other.input_tokens,
        one.output_tokens - other.output_tokens,
        one.cost_nano_usd - other.cost_nano_usd,
    )
