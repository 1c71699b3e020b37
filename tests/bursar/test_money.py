"""Money is whole: rounded once, split without loss, read and written exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.errors import InvalidRequest
from bursar.money import (
    format_usd,
    nano_usd_ceiling_from_pico_usd,
    nano_usd_from_pico_usd,
    parse_usd,
    share_by_largest_remainder,
)


@pytest.mark.parametrize(
    ("pico_usd", "nano_usd"),
    [(499, 0), (500, 0), (501, 1), (1_499, 1), (1_500, 2), (1_501, 2), (2_500, 2), (3_500, 4)],
)
def test_a_half_goes_to_the_even_neighbour(pico_usd: int, nano_usd: int):
    assert nano_usd_from_pico_usd(pico_usd) == nano_usd


@given(st.integers(0, 10**24))
def test_rounding_agrees_with_exact_fractions_and_a_hold_is_never_below_it(pico_usd: int):
    assert nano_usd_from_pico_usd(pico_usd) == round(Fraction(pico_usd, 1000))
    assert nano_usd_ceiling_from_pico_usd(pico_usd) >= nano_usd_from_pico_usd(pico_usd)


@given(
    st.integers(0, 2**63),
    st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(lambda found: sum(found) > 0),
)
def test_shares_add_up_and_none_is_more_than_one_unit_off(total: int, weights: list[int]):
    parts = share_by_largest_remainder(total, weights)

    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1


@pytest.mark.parametrize(
    ("text", "nano_usd"),
    [
        ("5usd", 5_000_000_000),
        ("$5", 5_000_000_000),
        ("0.25", 250_000_000),
        (" 100 USD ", 100_000_000_000),
        ("0.000000001", 1),
    ],
)
def test_amounts_are_read_as_people_type_them(text: str, nano_usd: int):
    assert parse_usd(text) == nano_usd


@pytest.mark.parametrize("text", ["", "five", "-1", "nan", "1e400", "0.0000000001", "inf"])
def test_what_is_no_amount_is_refused_by_name(text: str):
    with pytest.raises(InvalidRequest, match="cost_per_day"):
        parse_usd(text, "cost_per_day")


@given(st.integers(-(2**63), 2**63))
def test_what_is_shown_loses_no_digit(amount_nano_usd: int):
    shown = format_usd(amount_nano_usd)

    sign = -1 if shown.startswith("-") else 1
    digits = shown.removeprefix("-").removeprefix("$").replace(",", "")
    assert sign * Fraction(digits) * 10**9 == amount_nano_usd
