"""Memory is bounded by bytes, the least recently used entries leave, groups are forgotten whole."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from bursar_cache.domain import EVER_NS, Selection, Selector
from bursar_cache.memory import Kept, MemoryLayer
from bursar_cache.packing import Codec
from cache_entries import key_of


def kept(name: str, *, tenant_id="acme", model="claude", tags=(), stored_at_ns=0, size=100) -> Kept:
    place = (tenant_id, key_of(name))
    return Kept(place, model, tags, stored_at_ns, EVER_NS, Codec.PLAIN, bytes(size))


ROOM_FOR_THREE = 3 * kept("a").size_bytes


def test_the_least_recently_used_entry_leaves():
    memory = MemoryLayer(ROOM_FOR_THREE)
    a, b, c, d = (kept(name) for name in "abcd")
    for each in (a, b, c):
        assert memory.put(each) == []
    assert memory.get(a.place) == a

    assert memory.put(d) == [b]
    assert [memory.get(each.place) for each in (a, b, c, d)] == [a, None, c, d]


def test_a_large_entry_takes_the_room_of_several():
    memory = MemoryLayer(ROOM_FOR_THREE)
    small = [kept(name) for name in "abc"]
    for each in small:
        memory.put(each)

    assert memory.put(kept("d", size=700)) == small[:2]


def test_an_entry_larger_than_the_layer_is_not_kept_and_moves_nobody():
    memory = MemoryLayer(ROOM_FOR_THREE)
    a = kept("a")
    memory.put(a)

    assert memory.put(kept("b", size=ROOM_FOR_THREE)) == []
    assert memory.get(kept("b").place) is None
    assert memory.get(a.place) == a


def test_one_tenants_entry_is_nothing_to_another():
    memory = MemoryLayer(ROOM_FOR_THREE)
    memory.put(kept("a", tenant_id="acme"))

    assert memory.get(kept("a", tenant_id="acm").place) is None
    assert memory.forget(Selection("acm", Selector.EVERYTHING)) == 0
    assert memory.count("acme") == memory.count("") == 1


def test_entries_are_forgotten_by_key_tag_model_and_altogether():
    memory = MemoryLayer(10**6)
    for name, model, tags in (("a", "m1", ("x", "y")), ("b", "m1", ()), ("c", "m2", ("y",))):
        memory.put(kept(name, model=model, tags=tags))

    assert memory.forget(Selection("acme", Selector.TAG, "x")) == 1
    assert memory.forget(Selection("acme", Selector.TAG, "x")) == 0
    assert memory.forget(Selection("acme", Selector.MODEL, "m1")) == 1
    assert memory.forget(Selection("acme", Selector.KEY, exact_key=key_of("a"))) == 0
    assert memory.forget(Selection("acme", Selector.KEY, exact_key=key_of("c"))) == 1
    memory.put(kept("d"))
    assert memory.forget(Selection("acme", Selector.EVERYTHING)) == 1
    assert (len(memory), memory.used_bytes) == (0, 0)


def test_what_was_stored_after_the_instant_of_forgetting_stays():
    memory = MemoryLayer(10**6)
    memory.put(kept("a", stored_at_ns=10))
    memory.put(kept("b", stored_at_ns=11))

    assert memory.forget(Selection("acme", Selector.EVERYTHING, stored_until_ns=10)) == 1
    assert memory.get(kept("b").place) is not None


def test_the_packed_form_takes_the_place_of_the_entry_it_is_of_and_of_no_other():
    memory = MemoryLayer(10**6)
    a = kept("a", stored_at_ns=2)
    packed = a._replace(codec=Codec.ZSTD, body=b"less")
    memory.put(a)
    memory.pack(packed._replace(stored_at_ns=1))
    assert memory.get(a.place) == a
    memory.pack(packed)
    memory.pack(kept("b"))

    assert memory.get(a.place) == packed
    assert (len(memory), memory.used_bytes) == (1, packed.size_bytes)


NAMES = st.sampled_from("abcdefgh")
STEPS = st.lists(
    st.tuples(st.just("put"), NAMES, st.integers(0, 900))
    | st.tuples(st.just("get"), NAMES, st.just(0))
    | st.tuples(st.just("tag"), NAMES, st.just(0)),
    max_size=60,
)


@given(STEPS)
def test_it_never_holds_more_than_its_bound_and_counts_what_it_holds(steps):
    memory = MemoryLayer(ROOM_FOR_THREE)
    for step, name, size in steps:
        match step:
            case "put":
                memory.put(kept(name, tags=(name,), size=size))
            case "get":
                memory.get(kept(name).place)
            case "tag":
                memory.forget(Selection("acme", Selector.TAG, name))
        held = [memory.get(kept(each).place) for each in "abcdefgh"]
        assert memory.used_bytes == sum(each.size_bytes for each in held if each)
        assert memory.used_bytes <= ROOM_FOR_THREE
        assert len(memory) == memory.count("acme") == sum(each is not None for each in held)


def test_the_bytes_it_counts_are_no_fewer_than_it_takes():
    memory = MemoryLayer(10**9)
    tracemalloc.start()
    try:
        for number in range(2_000):
            name = f"entry {number}"
            tags = tuple(f"{name} {tag}" for tag in range(number % 4))
            memory.put(kept(name, tags=tags, size=500))
        taken_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert memory.used_bytes * 0.8 < taken_bytes <= memory.used_bytes
