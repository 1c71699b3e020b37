"""Totals are sums: of every fact once, whole or in groups."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bursar.money import nano_usd_from_pico_usd
from bursar_efficiency.domain.baseline import Rates, of_call, provider_cache_pico_usd, split
from bursar_efficiency.domain.facts import Fact, Saved, Tokens, What, Who
from bursar_efficiency.domain.totals import totals_of

RATES = Rates(3_000_000, 300_000, 3_750_000, 6_000_000, 15_000_000)
amounts = st.integers(0, 10**12)
tokens_of_calls = st.builds(
    Tokens,
    input_tokens=amounts,
    cached_input_tokens=amounts,
    cache_write_tokens=amounts,
    cache_write_1h_tokens=amounts,
    output_tokens=amounts,
)
rates = st.builds(Rates, *[st.integers(0, 10**9)] * 5)
savings = st.lists(
    st.builds(
        Saved,
        cause=st.sampled_from([4, 5, 6, 7, 8]),
        input_tokens=amounts,
        output_tokens=amounts,
        cost_nano_usd=amounts,
        is_cost_known=st.booleans(),
    ),
    max_size=5,
)


@given(savings, tokens_of_calls, rates)
def test_causes_add_up_to_what_the_call_saved_to_the_nano_usd(told, tokens, at):
    exact_pico_usd = provider_cache_pico_usd(tokens, at) + sum(
        saved.cost_nano_usd * 1_000
        if saved.is_cost_known
        else saved.input_tokens * at.input + saved.output_tokens * at.output
        for saved in told
    )

    priced = of_call(told, tokens, at)

    saved_nano_usd = sum(saved.cost_nano_usd for saved in priced)
    assert saved_nano_usd == nano_usd_from_pico_usd(exact_pico_usd)
    assert all(saved.is_cost_known for saved in priced)


@given(st.lists(st.integers(-(10**15), 10**15), max_size=8))
def test_no_part_is_off_by_a_whole_nano_usd(parts_pico_usd):
    for part, nano_usd in zip(parts_pico_usd, split(parts_pico_usd), strict=True):
        assert abs(nano_usd * 1_000 - part) < 1_000


def test_the_efficiency_rate_is_the_saved_part_of_used_and_saved():
    saved = Saved(1, 30, 0, 0, True)
    spent = Fact(What.CALL, 1, Who(), Tokens(input_tokens=60, output_tokens=10), calls=1)
    hit = Fact(What.HIT, 2, Who(), savings=(saved,))

    assert totals_of([spent, hit]).efficiency_rate == 0.3
    assert totals_of([]).efficiency_rate == 0.0


def test_a_call_of_unknown_price_is_counted_and_shown_not_priced_at_zero():
    totals = totals_of([Fact(What.CALL, 1, Who(), calls=2, is_cost_known=False)])

    assert (totals.calls_made, totals.calls_without_price) == (2, 2)


def test_a_saving_whose_price_is_unknown_once_is_never_shown_as_fully_priced():
    known, unknown = Saved(4, 10, 0, 5, True), Saved(4, 10, 0, 0, False)
    totals = totals_of(
        [Fact(What.CALL, 1, Who(), savings=(known,)), Fact(What.CALL, 2, Who(), savings=(unknown,))]
    )

    assert not totals.saved_by_cause[4].is_cost_known
    assert totals.tokens_saved == 20


def test_a_free_tool_and_a_hit_avoid_a_call_and_make_none():
    totals = totals_of([Fact(What.FREE_WORK, 1, Who()), Fact(What.HIT, 2, Who())])

    assert (totals.calls_made, totals.calls_avoided) == (0, 2)


def test_cache_writes_that_are_never_read_cost_more_than_they_save():
    tokens = Tokens(input_tokens=1_000, cache_write_tokens=1_000)

    [saved] = of_call([], tokens, RATES)

    assert (saved.cause, saved.cost_nano_usd) == (3, -750_000)


def test_reads_save_the_difference_to_the_input_price():
    tokens = Tokens(input_tokens=1_000, cached_input_tokens=1_000)

    [saved] = of_call([], tokens, RATES)

    assert saved.cost_nano_usd == 2_700_000


def test_what_compression_left_out_is_worth_the_input_price_of_its_call():
    left_out = Saved(4, 2_000, 0, 0, is_cost_known=False)

    assert of_call([left_out], Tokens(input_tokens=10), RATES) == (
        Saved(4, 2_000, 0, 6_000_000, is_cost_known=True),
    )
