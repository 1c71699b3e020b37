"""A remote caller and one in the same process see the same answers and the same errors."""

from __future__ import annotations

import pytest

from bursar.cache.v1 import cache_pb2 as contract
from bursar.clients.cache import CacheClient, RemoteCache
from bursar.errors import InvalidRequest
from bursar.rpc.calling import channel_to
from bursar.wiring.process import ProcessPlan, running
from bursar_cache.module import MODULE
from cache_entries import entry_of, key_of, lookup_of, store_of
from memory_ground import memory_ground


@pytest.fixture(params=["in process", "remote"])
async def cache(request, tmp_path, monkeypatch):
    monkeypatch.setenv("BURSAR_CACHE_DISK_FREE_PCT_MIN", "0")
    async with running(ProcessPlan([MODULE]), memory_ground(tmp_path)) as process:
        if request.param == "in process":
            yield process.peers.client("cache")
        else:
            async with channel_to(process.address) as channel:
                yield RemoteCache(channel)


async def test_an_answer_is_stored_given_counted_and_forgotten(cache: CacheClient):
    assert (await cache.lookup(lookup_of("q"))).miss_reason == "absent"
    assert (await cache.store(store_of("q", entry_of(b"\x00\xff")))).is_stored
    assert (await cache.lookup(lookup_of("q"))).entry.content == b"\x00\xff"
    request = contract.InvalidateRequest(tenant_id="acme", exact_key=key_of("q"))
    assert (await cache.invalidate(request)).invalidated_entries == 1
    assert not (await cache.lookup(lookup_of("q"))).is_hit
    stats = await cache.stats(contract.StatsRequest(tenant_id="acme"))

    assert (stats.hits, stats.misses, stats.stores, stats.entries) == (1, 1, 1, 0)


async def test_a_negative_time_to_live_is_the_same_error_with_its_field(cache: CacheClient):
    with pytest.raises(InvalidRequest) as refused:
        await cache.store(store_of("q", ttl_ns=-1))

    assert [violation.field for violation in refused.value.violations] == ["ttl_ns"]


async def test_many_look_ups_of_one_message_are_answered_in_their_order(cache: CacheClient):
    await cache.store(store_of("q", entry_of(b"kept")))

    async def requests():
        for names in (("absent", "q"), ("q",)):
            yield contract.LookupManyRequest(lookups=[lookup_of(name) for name in names])

    answers = [answer async for answer in cache.lookup_many(requests())]

    found = [[each.entry.content for each in answer.answers] for answer in answers]
    assert found == [[b"", b"kept"], [b"kept"]]


@pytest.mark.parametrize("lookups", [0, 257])
async def test_a_message_with_no_look_up_or_too_many_is_refused(cache: CacheClient, lookups: int):
    async def requests():
        yield contract.LookupManyRequest(lookups=[lookup_of("q")] * lookups)

    with pytest.raises(InvalidRequest) as refused:
        _ = [answer async for answer in cache.lookup_many(requests())]

    assert [violation.field for violation in refused.value.violations] == ["lookups"]
