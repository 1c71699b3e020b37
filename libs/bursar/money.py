"""Money in whole numbers: nano-USD for amounts, pico-USD a token for prices.

One micro-USD per million tokens is one pico-USD a token, so every list price is an integer; 37.5
nano-USD a token is 37,500 pico-USD. A float never holds an amount.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from bursar.errors import InvalidRequest

NANO_USD_PER_USD = 1_000_000_000
PICO_USD_PER_NANO_USD = 1_000
PICO_USD_PER_TOKEN_AT_ONE_USD_PER_MILLION = 1_000_000
AMOUNT_NANO_USD_MAX = 2**63 - 1


def nano_usd_from_pico_usd(amount_pico_usd: int) -> int:
    """Rounded half to even: the one rounding of a call's cost, done once, at settle."""
    quotient, remainder = divmod(amount_pico_usd, PICO_USD_PER_NANO_USD)
    half = PICO_USD_PER_NANO_USD // 2
    if remainder > half or (remainder == half and quotient % 2 == 1):
        return quotient + 1
    return quotient


def nano_usd_ceiling_from_pico_usd(amount_pico_usd: int) -> int:
    """Rounded up, against the tenant: for holds, so that a settle of the same tokens always
    fits.
    """
    return -(-amount_pico_usd // PICO_USD_PER_NANO_USD)


def share_by_largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """`total` split in proportion to `weights` (each >= 0, not all 0); the parts add up to it
    exactly.

    Ties go to the earlier part, so the split is deterministic. Source: the Hamilton method.
    """
    weight_sum = sum(weights)
    if weight_sum <= 0:
        raise InvalidRequest.of("weights", list(weights), "give at least one weight above zero")
    parts = [total * weight // weight_sum for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda index: (-(total * weights[index] % weight_sum), index)
    )
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def parse_usd(text: str, field_path: str = "amount") -> int:
    """Nano-USD from what people type: `5usd`, `$5`, `0.25`, `100 USD`.

    Raises InvalidRequest for anything else, for negative amounts, for more than nine decimals and
    for amounts that do not fit 63 bits.
    """
    cleaned = text.strip().lower().removeprefix("$").removesuffix("usd").strip().replace("_", "")
    try:
        amount = Decimal(cleaned) * NANO_USD_PER_USD
    except InvalidOperation:
        raise InvalidRequest.of(field_path, text, "write an amount such as 5usd or 0.25") from None
    if not amount.is_finite() or amount < 0 or amount > AMOUNT_NANO_USD_MAX:
        raise InvalidRequest.of(field_path, text, "give an amount from 0 to 9,223,372,036 USD")
    if amount != amount.to_integral_value(rounding=ROUND_HALF_EVEN):
        raise InvalidRequest.of(field_path, text, "use at most nine decimals")
    return int(amount)


def format_usd(amount_nano_usd: int) -> str:
    """For people: at least cents, and every digit that is not zero. `$1.50`, `$0.000252`,
    `-$3.00`.
    """
    sign = "-" if amount_nano_usd < 0 else ""
    whole, fraction = divmod(abs(amount_nano_usd), NANO_USD_PER_USD)
    digits = f"{fraction:09d}".rstrip("0").ljust(2, "0")
    return f"{sign}${whole:,}.{digits}"
