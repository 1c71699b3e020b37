"""What is read and what is written make up a budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.tokens.shares import OUTPUT_TOKENS_MAX, shares_of


@given(st.integers(0, 1_000_000))
def test_the_shares_sum_to_the_budget(max_tokens: int):
    shares = shares_of(max_tokens)

    assert shares.input_tokens + shares.output_tokens == max_tokens
    assert 0 <= shares.output_tokens <= min(OUTPUT_TOKENS_MAX, max_tokens // 4)


@pytest.mark.parametrize(
    ("max_tokens", "output_tokens"),
    [(3, 0), (4, 1), (16_383, 4_095), (16_384, 4_096), (100_000, 4_096)],
)
def test_a_quarter_is_written_up_to_a_bound(max_tokens: int, output_tokens: int):
    assert shares_of(max_tokens).output_tokens == output_tokens
