"""Totals are sums: of every fact once, whole or in groups."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bursar_efficiency.domain import (
    Fact,
    Saved,
    Tokens,
    What,
    Who,
    grouped,
    saved_by_provider_cache,
    totals_of,
)

amounts = st.integers(0, 10**12)
facts = st.builds(
    Fact,
    what=st.sampled_from(What),
    at_ns=st.integers(0, 2**62),
    who=st.builds(Who, tenant_id=st.sampled_from("ab"), model=st.sampled_from(["", "m", "n"])),
    tokens=st.builds(Tokens, input_tokens=amounts, output_tokens=amounts),
    calls=st.integers(0, 3),
    cost_nano_usd=amounts,
    is_cost_known=st.booleans(),
    savings=st.tuples(
        st.builds(
            Saved,
            cause=st.integers(1, 8),
            input_tokens=amounts,
            output_tokens=amounts,
            cost_nano_usd=amounts,
            is_cost_known=st.booleans(),
        )
    ),
)


@given(st.lists(facts, max_size=30))
def test_groups_add_up_to_the_whole_to_the_nano_usd(some: list[Fact]):
    whole = totals_of(some)
    groups = grouped(some, [lambda fact: fact.who.tenant_id, lambda fact: fact.who.model])

    for name in ("cost_nano_usd", "input_tokens", "output_tokens", "calls_made", "tokens_saved"):
        assert sum(getattr(part, name) for part in groups.values()) == getattr(whole, name)
    saved = sum(part.cost_saved_nano_usd for part in groups.values())
    assert saved == whole.cost_saved_nano_usd


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

    assert saved_by_provider_cache(tokens, 3_000_000, 300_000, (3_750_000, 6_000_000)) < 0


def test_reads_save_the_difference_to_the_input_price():
    tokens = Tokens(input_tokens=1_000, cached_input_tokens=1_000)

    saved_pico_usd = saved_by_provider_cache(tokens, 3_000_000, 300_000, (3_750_000, 6_000_000))

    assert saved_pico_usd == 1_000 * 2_700_000
