"""The filter never misses a key that was added, and mostly knows one that was not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bursar_cache.presence import Presence
from cache_entries import key_of


@given(st.sets(st.binary(min_size=32, max_size=32), max_size=50))
def test_what_was_added_may_be_there(keys):
    presence = Presence()
    for key in keys:
        presence.add(key)

    assert all(map(presence.may_have, keys))


def test_few_of_those_that_were_not_added_may_be_there():
    presence = Presence()
    for number in range(50_000):
        presence.add(key_of(f"added {number}"))

    wrong = sum(presence.may_have(key_of(f"absent {number}")) for number in range(10_000))
    assert wrong < 20
