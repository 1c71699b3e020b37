"""Numbers as sentences write them."""

from __future__ import annotations

from fractions import Fraction

from bursar.money import format_usd
from bursar_planner.domain.vocabulary import Meter

MILLIONTHS = 1_000_000


def decimal_text(value: Fraction) -> str:
    """Two to six decimals, rounded down, so that what is below a boundary never reads as it."""
    whole, fraction = divmod(value.numerator * MILLIONTHS // value.denominator, MILLIONTHS)
    digits = f"{fraction:06d}".rstrip("0").ljust(2, "0")
    return f"{whole}.{digits}"


def counted(count: int, singular: str, plural: str) -> str:
    """`1 tool`, `2 tools`, `1,200 characters`."""
    return f"{count:,} {singular if count == 1 else plural}"


def paid_calls(count: int) -> str:
    """`no paid call`, `1 paid call`, `20 paid calls`."""
    return counted(count, "paid call", "paid calls") if count else "no paid call"


def listed(words: tuple[str, ...]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def amount_text(amount: int, meter: Meter) -> str:
    """Money as money, all else as a count."""
    return format_usd(amount) if meter is Meter.COST_NANO_USD else f"{amount:,}"


def unit_text(meter: Meter) -> str:
    """What stands behind an amount of `meter`, after a blank; money says it itself."""
    return {
        Meter.REQUESTS: " requests",
        Meter.INPUT_TOKENS: " input tokens",
        Meter.OUTPUT_TOKENS: " output tokens",
        Meter.TOTAL_TOKENS: " tokens",
        Meter.COST_NANO_USD: "",
    }[meter]
