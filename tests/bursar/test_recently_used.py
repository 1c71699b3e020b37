"""A dictionary that keeps what was used last."""

from bursar.recently_used import RecentlyUsed


def test_the_entry_unused_for_longest_makes_room():
    kept = RecentlyUsed(2)
    assert kept.put("a", 1) == 1
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert kept.get("b") is None
    assert (kept.get("a"), kept.get("c"), len(kept)) == (1, 3, 2)


def test_an_entry_put_again_is_replaced():
    kept = RecentlyUsed(1)
    kept.put("a", 1)
    kept.put("a", 2)
    assert kept.get("a") == 2
    assert len(kept) == 1
