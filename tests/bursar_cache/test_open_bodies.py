"""What was unpacked is given again, for its own entry alone, within its bound."""

from __future__ import annotations

from bursar_cache.memory import Kept
from bursar_cache.open_bodies import OVERHEAD_BYTES, OpenBodies
from bursar_cache.packing import Codec
from cache_entries import key_of


def packed(name: str, body: bytes = b"packed") -> Kept:
    return Kept(("acme", key_of(name)), "claude", (), 0, 1, Codec.ZSTD, body)


def test_an_entry_that_took_the_place_of_another_has_not_its_body():
    bodies = OpenBodies(10_000)
    before, after = packed("a", bytes(1) + b"1"), packed("a", bytes(1) + b"1")
    bodies.put(before, b"plain")

    assert bodies.get(before) == b"plain"
    assert bodies.get(after) is None
    bodies.put(after, b"other")
    assert (bodies.get(before), bodies.get(after)) == (None, b"other")


def test_the_least_recently_used_leave_and_too_large_ones_never_come():
    bodies = OpenBodies(3 * (OVERHEAD_BYTES + 100))
    entries = [packed(name) for name in "abcd"]
    for each in entries[:3]:
        bodies.put(each, bytes(100))
    bodies.get(entries[0])
    bodies.put(entries[3], bytes(100))
    assert [bodies.get(each) is not None for each in entries] == [True, False, True, True]
    bodies.put(entries[3], bytes(10_000))

    assert bodies.get(entries[3]) is None
    assert bodies.used_bytes == 2 * (OVERHEAD_BYTES + 100)
