"""The memory of counts: what it forgets first, and that it stays within its bounds."""

import os
import threading
import tracemalloc

from bursar.tokens.cache import ENTRY_BYTES, CountCache, block_key
from bursar.tokens.counts import TextMeasure


def key(number: int) -> bytes:
    return block_key("o200k_base", str(number).encode())


def measure(tokens: int) -> TextMeasure:
    return TextMeasure(tokens, 0, tokens * 4)


def test_what_was_unused_for_longest_is_forgotten_first():
    cache = CountCache(entries_max=2)
    cache.put(key(1), measure(1))
    cache.put(key(2), measure(2))
    assert cache.get(key(1)) == measure(1)
    cache.put(key(3), measure(3))
    assert cache.get(key(2)) is None
    assert cache.get(key(1)) == measure(1)
    assert cache.get(key(3)) == measure(3)
    assert (cache.hits, cache.misses) == (3, 1)


def test_a_text_has_one_key_a_vocabulary():
    assert block_key("o200k_base", b"text") != block_key("cl100k_base", b"text")
    assert block_key("o200k_base", b"text") != block_key("o200k_base", b"text.")


def test_the_bound_in_bytes_is_a_bound_in_entries_too():
    cache = CountCache(bytes_max=10 * ENTRY_BYTES)
    for number in range(100):
        cache.put(key(number), measure(number))
    assert len(cache) == 10


def test_an_entry_takes_no_more_memory_than_is_accounted_for():
    cache = CountCache(entries_max=20_000)
    tracemalloc.start()
    for number in range(20_000):
        cache.put(
            block_key("o200k_base", os.urandom(8)),
            TextMeasure(1_000 + number, 300 + number, 4_000 + number),
        )
    used_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used_bytes / len(cache) <= ENTRY_BYTES


def test_threads_may_share_it():
    cache = CountCache(entries_max=8)

    def use() -> None:
        for number in range(5_000):
            if cache.get(key(number % 16)) is None:
                cache.put(key(number % 16), measure(number % 16))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache) <= 8
    assert all(cache.get(key(n)) in (None, measure(n)) for n in range(16))
