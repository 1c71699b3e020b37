"""How a model's room is shared among files."""

from hypothesis import given
from hypothesis import strategies as st

from bursar_executor.tasks.file_shares import shares_of_room

tokens = st.integers(1, 100_000)


def test_where_all_fit_each_has_at_least_what_it_takes():
    assert shares_of_room([10, 30], [0, 0], 80) == [20, 60]


def test_where_not_all_fit_short_ones_stay_whole_and_long_ones_share_the_rest():
    assert shares_of_room([10, 1_000, 2_000], [0, 0, 0], 110) == [10, 50, 50]


def test_a_floor_is_kept_and_others_make_room_for_it():
    assert shares_of_room([1_000, 1_000], [80, 0], 100) == [80, 20]


@given(st.lists(tokens, min_size=1, max_size=20), st.integers(20, 200_000))
def test_shares_never_come_to_more_than_the_room(wanted, room_tokens):
    shares = shares_of_room(wanted, [0] * len(wanted), room_tokens)

    assert sum(shares) <= room_tokens
    assert min(shares) >= 1
