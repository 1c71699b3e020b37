"""What an invalidation selects, in memory and on disk alike."""

from __future__ import annotations

import pytest

from bursar.errors import InvalidRequest
from cache_entries import HOUR_NS, entry_of, lookup_of, store_of
from cache_services import Clock, invalidated, running


@pytest.mark.parametrize("disk_bytes_max", [0, 1 << 24])
@pytest.mark.parametrize(
    ("selection", "left"),
    [
        ({"tag_prefix": "docs/"}, ["code", "plain"]),
        ({"dependency": "a.py"}, ["docs", "plain"]),
        ({"older_than_ns": HOUR_NS}, ["plain"]),
    ],
)
async def test_entries_are_forgotten_by_what_they_have_in_common(
    tmp_path, disk_bytes_max, selection, left
):
    clock = Clock()
    entries = {"docs": entry_of(tags=["docs/a"]), "code": entry_of(), "plain": entry_of()}
    entries["code"].dependencies.append("a.py")
    async with running(tmp_path, clock=clock, disk_bytes_max=disk_bytes_max) as cache:
        for name, entry in entries.items():
            clock.now_ns += HOUR_NS if name == "plain" else 0
            await cache.store(store_of(name, entry))
        clock.now_ns += 1
        forgotten = await invalidated(cache, **selection)
        found = [name for name in entries if (await cache.lookup(lookup_of(name))).is_hit]

    assert (found, forgotten) == (left, len(entries) - len(left))


@pytest.mark.parametrize("selection", [{"older_than_ns": -1}, {"tag_prefix": ""}])
async def test_an_invalidation_of_nothing_is_refused(tmp_path, selection):
    async with running(tmp_path) as cache:
        with pytest.raises(InvalidRequest):
            await invalidated(cache, **selection)
