"""From tokens to money: exact sums, one rounding, parts that add up, holds that always fit."""

from dataclasses import astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bursar.errors import InvalidRequest
from bursar.prices.costs import NO_PARTS, cost, hold_cost
from bursar.prices.rows import LongContextTier, PriceRow
from bursar.prices.usage import Usage

SONNET = PriceRow(
    provider="anthropic",
    model="claude-sonnet-4-5",
    input_pico_usd_per_token=3_000_000,
    cached_input_pico_usd_per_token=300_000,
    cache_write_pico_usd_per_token=3_750_000,
    cache_write_1h_pico_usd_per_token=6_000_000,
    output_pico_usd_per_token=15_000_000,
    price_set="list",
    source="a test",
    snapshot_hash=b"",
    unpriced_units=("web_searches",),
)
TIER = LongContextTier(
    above_input_tokens=200_000,
    input_pico_usd_per_token=6_000_000,
    cached_input_pico_usd_per_token=600_000,
    cache_write_pico_usd_per_token=7_500_000,
    cache_write_1h_pico_usd_per_token=12_000_000,
    output_pico_usd_per_token=22_500_000,
)

rates = st.integers(0, 10**9)
counts = st.integers(0, 10**7)


@st.composite
def rows(draw):
    def five():
        return {
            "input_pico_usd_per_token": draw(rates),
            "cached_input_pico_usd_per_token": draw(rates),
            "cache_write_pico_usd_per_token": draw(rates),
            "cache_write_1h_pico_usd_per_token": draw(rates),
            "output_pico_usd_per_token": draw(rates),
        }

    starts = sorted(draw(st.sets(st.integers(0, 10**6), max_size=3)))
    return replace(
        SONNET,
        **five(),
        request_nano_usd=draw(st.integers(0, 10**8)),
        tiers=tuple(LongContextTier(above_input_tokens=start, **five()) for start in starts),
    )


@st.composite
def usages(draw):
    plain, cached, write, write_1h = (draw(counts) for _ in range(4))
    output = draw(counts)
    return Usage(
        input_tokens=plain + cached + write + write_1h,
        cached_input_tokens=cached,
        cache_write_tokens=write,
        cache_write_1h_tokens=write_1h,
        output_tokens=output,
        reasoning_tokens=draw(st.integers(0, output)),
        requests=draw(st.integers(0, 3)),
    )


def test_a_call_costs_the_sum_of_its_tokens():
    usage = Usage(
        input_tokens=1_512,
        cached_input_tokens=500,
        cache_write_1h_tokens=1_000,
        output_tokens=50,
    )
    found = cost(SONNET, usage)
    # 12 x 3 + 500 x 0.30 + 1,000 x 6 + 50 x 15 micro-USD
    assert found.total_nano_usd == 6_936_000
    assert astuple(found.parts) == (36_000, 150_000, 0, 6_000_000, 750_000, 0)


@pytest.mark.parametrize(("input_tokens", "rate"), [(200_000, 3), (200_001, 6)])
def test_a_tier_holds_for_every_token_of_a_call_above_it_and_for_none_at_it(input_tokens, rate):
    row = replace(SONNET, tiers=(TIER,))
    assert cost(row, Usage(input_tokens=input_tokens)).total_nano_usd == input_tokens * rate * 1_000


def test_of_two_tiers_the_higher_one_exceeded_holds():
    higher = replace(TIER, above_input_tokens=300_000, input_pico_usd_per_token=9_000_000)
    row = replace(SONNET, tiers=(TIER, higher))
    assert row.rates_at(200_000) is row
    assert row.rates_at(250_000) is TIER
    assert row.rates_at(300_001) is higher


@pytest.mark.parametrize(
    ("tokens", "rounded_nano_usd"), [(1, 0), (2, 1), (3, 2), (5, 2), (7, 4)]
)  # 0.5, 1, 1.5, 2.5 and 3.5
def test_the_sum_is_rounded_once_half_to_even(tokens, rounded_nano_usd):
    row = replace(SONNET, input_pico_usd_per_token=500)
    found = cost(row, Usage(input_tokens=tokens))
    assert found.total_pico_usd == tokens * 500
    assert found.total_nano_usd == rounded_nano_usd


def test_calls_can_cost_by_themselves():
    row = replace(SONNET, request_nano_usd=12_000_000)
    assert cost(row, Usage(requests=2)).total_nano_usd == 24_000_000
    assert cost(row, Usage(requests=2)).parts.requests_nano_usd == 24_000_000


def test_what_costs_nothing_has_parts_of_nothing():
    assert cost(SONNET, Usage()).parts == NO_PARTS


def test_a_cost_names_what_it_leaves_out():
    searched = Usage(input_tokens=10, unpriced_units=("web_searches",))
    assert cost(SONNET, searched).unpriced_units == ("web_searches",)
    assert cost(replace(SONNET, unpriced_units=()), searched).unpriced_units == ()


@given(rows(), usages())
def test_parts_add_up_to_the_total_and_all_are_whole(row, usage):
    found = cost(row, usage)
    parts = astuple(found.parts)
    assert sum(parts) == found.total_nano_usd
    assert abs(found.total_nano_usd * 1_000 - found.total_pico_usd) <= 500
    assert all(type(part) is int and part >= 0 for part in parts)
    assert type(found.total_pico_usd) is int


@given(rows(), usages(), counts, counts)
def test_a_hold_fits_any_usage_within_its_bounds(row, usage, more_input, more_output):
    hold_nano_usd = hold_cost(
        row,
        usage.input_tokens + more_input,
        usage.output_tokens + more_output,
        requests=usage.requests,
    )
    assert type(hold_nano_usd) is int
    assert hold_nano_usd >= cost(row, usage).total_nano_usd


@given(rows(), usages())
def test_a_hold_without_cache_writes_fits_any_usage_without_them(row, usage):
    plain = structs.replace(
        usage,
        input_tokens=usage.uncached_input_tokens + usage.cached_input_tokens,
        cache_write_tokens=0,
        cache_write_1h_tokens=0,
    )
    bounds = (plain.input_tokens, plain.output_tokens)
    tight = hold_cost(row, *bounds, requests=plain.requests, may_write_cache=False)
    assert cost(row, plain).total_nano_usd <= tight
    assert tight <= hold_cost(row, *bounds, requests=plain.requests)


def test_a_hold_takes_the_dearest_rate_that_can_apply():
    row = replace(SONNET, tiers=(TIER,))
    assert hold_cost(row, 1_000, 100) == 1_000 * 6_000 + 100 * 15_000
    assert hold_cost(row, 1_000, 100, may_write_cache=False) == 1_000 * 3_000 + 100 * 15_000
    assert hold_cost(row, 200_001, 0) == 200_001 * 12_000


def test_a_hold_is_rounded_up():
    assert hold_cost(replace(SONNET, output_pico_usd_per_token=1), 0, 1) == 1


@pytest.mark.parametrize("bounds", [(-1, 0), (0, -1)])
def test_a_hold_of_less_than_nothing_is_refused(bounds):
    with pytest.raises(InvalidRequest, match="at least 0"):
        hold_cost(SONNET, *bounds)
