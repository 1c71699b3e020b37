"""Holds climb, never above the bound, and start at the bound where nothing is known."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bursar_planner.domain.learned.ladder import CALLS_LEAST, Ladder


def test_the_bound_is_held_before_enough_calls_are_known():
    ladder = Ladder()
    for _ in range(CALLS_LEAST - 1):
        ladder.learn(100, 10)
    assert ladder.rungs(100, 4_096) == (4_096,)
    ladder.learn(100, 10)
    assert ladder.rungs(100, 4_096)[0] == 10


@given(
    st.lists(st.tuples(st.integers(0, 50_000), st.integers(1, 20_000)), max_size=120),
    st.integers(1, 8_192),
)
def test_rungs_climb_and_never_pass_the_bound(calls, bound_tokens):
    ladder = Ladder()
    for input_tokens, output_tokens in calls:
        ladder.learn(input_tokens, output_tokens)
    rungs = ladder.rungs(1_000, bound_tokens)
    assert list(rungs) == sorted(rungs)
    assert 1 <= rungs[0] <= rungs[-1] <= bound_tokens


def test_long_prompts_have_their_own_rungs():
    ladder, coins = Ladder(), Random(3)
    for _ in range(4_000):
        is_long = coins.random() < 0.5
        ladder.learn(
            coins.randrange(5_000, 9_000) if is_long else coins.randrange(10, 90),
            coins.randrange(900, 1_100) if is_long else coins.randrange(10, 20),
        )
    assert ladder.rungs(50, 4_096)[0] < 30
    assert ladder.rungs(7_000, 4_096)[0] > 800
