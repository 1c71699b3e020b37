"""A restart reads a snapshot and what came after it, and knows what a replay of all would."""

from __future__ import annotations

import pytest

from bursar.cache.v1 import cache_pb2 as contract
from bursar.eventlog.memory import MemoryLog
from bursar_cache.service import STREAM
from bursar_cache.snapshots import TotalsSnapshots
from cache_entries import key_of, lookup_of, store_of
from cache_services import invalidated, running


@pytest.fixture(autouse=True)
def _each_drain_writes_one(monkeypatch):
    monkeypatch.setattr("bursar_cache.service.AT_THE_END_FRAMES", 1)


async def used(data_dir, log):
    """The stats of a service that was asked, stored and forgot."""
    async with running(data_dir, log) as service:
        for name in "abc":
            await service.lookup(lookup_of(name))
            await service.store(store_of(name))
            await service.lookup(lookup_of(name))
        await invalidated(service, exact_key=key_of("a"))
        return await service.stats(contract.StatsRequest())


async def test_stats_from_a_snapshot_are_those_of_a_replay(tmp_path):
    log = MemoryLog()
    await used(tmp_path / "a", log)
    totals, writers = await TotalsSnapshots(tmp_path / "a" / "cache", STREAM, None).newest(log)
    assert writers.cursor.sequence > 0 and totals.of("acme").hits == 3
    async with running(tmp_path / "a", log) as service, running(tmp_path / "b", log) as replayed:
        fields = ("hits", "misses", "stores", "tokens_saved", "cost_saved_nano_usd")
        found = [await each.stats(contract.StatsRequest()) for each in (service, replayed)]

    assert [getattr(found[0], name) for name in fields] == [
        getattr(found[1], name) for name in fields
    ]


async def test_what_a_snapshot_stands_for_stays_forgotten(tmp_path):
    log = MemoryLog()
    await used(tmp_path, log)
    async with running(tmp_path, log) as service:
        found = [(await service.lookup(lookup_of(name))).is_hit for name in "abc"]

    assert found == [False, True, True]


@pytest.mark.parametrize("damage", [lambda whole: whole[:-1], lambda whole: b""])
async def test_a_damaged_snapshot_costs_a_replay_and_nothing_else(tmp_path, damage):
    log = MemoryLog()
    before = await used(tmp_path, log)
    for path in (tmp_path / "cache").glob("*.snapshot"):
        path.write_bytes(damage(path.read_bytes()))
    async with running(tmp_path, log) as service:
        assert (await service.stats(contract.StatsRequest())).hits == before.hits
