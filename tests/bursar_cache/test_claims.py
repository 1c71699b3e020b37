"""An answer that many ask for at once is made once, in process and over the network."""

from __future__ import annotations

import asyncio

import pytest

from bursar.cache.v1 import cache_pb2 as contract
from bursar.clients.cache import CacheClient, RemoteCache
from bursar.errors import InvalidRequest
from bursar.ledger.v1 import ledger_pb2
from bursar.rpc.calling import channel_to
from bursar.wiring.process import ProcessPlan, running
from bursar_cache.module import MODULE
from cache_entries import ATTRIBUTION, entry_of, key_of, lookup_of, store_of
from memory_ground import memory_ground

WAITERS = 20


@pytest.fixture(params=["in process", "remote"])
async def cache(request, tmp_path, monkeypatch):
    monkeypatch.setenv("BURSAR_CACHE_DISK_FREE_PCT_MIN", "0")
    async with running(ProcessPlan([MODULE]), memory_ground(tmp_path)) as process:
        if request.param == "in process":
            yield process.peers.client("cache")
        else:
            async with channel_to(process.address) as channel:
                yield RemoteCache(channel)


async def claimed(cache: CacheClient, name="q", attribution=ATTRIBUTION, **fields):
    lookup = lookup_of(name, attribution)
    return await cache.claim(contract.ClaimRequest(lookup=lookup, **fields))


async def awaited(cache: CacheClient, name="q", **fields) -> list[contract.AwaitResponse]:
    request = contract.AwaitRequest(lookup=lookup_of(name), **fields)
    return [told async for told in cache.await_(request)]


async def advance(cache: CacheClient, claim, content=b"", ending=0, **fields):
    return await cache.advance(
        contract.AdvanceRequest(token=claim.token, content=content, ending=ending, **fields)
    )


async def until_waiting(cache: CacheClient, claim, waiting: int) -> None:
    async with asyncio.timeout(10):
        while (await advance(cache, claim)).waiting < waiting:
            await others()


async def others() -> None:
    """Lets all that can go on go on."""
    await asyncio.sleep(0)


async def test_one_gets_the_claim_and_all_others_its_answer_from_the_start(cache: CacheClient):
    first = await claimed(cache)
    second = await claimed(cache)
    await advance(cache, first.claim, b"one ", status=200, content_type="text/plain")
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(awaited(cache)) for _ in range(WAITERS)]
        await until_waiting(cache, first.claim, WAITERS)
        await advance(cache, first.claim, b"two", ending=contract.ENDING_COMPLETE)
    heard = [[told.part for told in task.result()] for task in waiting]

    assert (first.answer.miss_reason, second.answer.miss_reason) == ("absent", "claimed")
    assert not second.HasField("claim")
    assert all(b"".join(part.content for part in parts) == b"one two" for parts in heard)
    assert {parts[0].content_type for parts in heard} == {"text/plain"}
    assert {parts[-1].ending for parts in heard} == {contract.ENDING_COMPLETE}


async def test_who_waited_is_counted_as_a_hit_with_what_it_saved(cache: CacheClient):
    claim = (await claimed(cache)).claim
    waiting = asyncio.ensure_future(awaited(cache))
    await until_waiting(cache, claim, 1)
    usage = ledger_pb2.TokenUsage(input_tokens=10, output_tokens=5)
    cost = ledger_pb2.Cost(total_nano_usd=900, is_known=True)
    ending = contract.ENDING_COMPLETE
    await advance(cache, claim, b"answer", ending, usage=usage, cost=cost)
    await waiting
    await cache.invalidate(contract.InvalidateRequest(tenant_id="acme", tag="none"))
    stats = await cache.stats(contract.StatsRequest(tenant_id="acme"))

    assert (stats.hits, stats.misses) == (1, 1)
    assert (stats.tokens_saved, stats.cost_saved_nano_usd) == (15, 900)


async def test_exactly_one_takes_over_from_who_failed_and_the_others_hear_of_its_answer(
    cache: CacheClient,
):
    claim = (await claimed(cache)).claim
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(awaited(cache)) for _ in range(WAITERS)]
        await until_waiting(cache, claim, WAITERS)
        await advance(cache, claim, ending=contract.ENDING_FAILED)
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        (next_one,) = [told for task in done for told in task.result()]
        await until_waiting(cache, next_one.claim, WAITERS - 1)
        await advance(cache, next_one.claim, b"mended", contract.ENDING_COMPLETE)
    heard = [told for task in waiting for told in task.result()]

    assert sum(told.HasField("claim") for told in heard) == 1
    assert sum(told.part.content == b"mended" for told in heard) == WAITERS - 1


async def test_a_claim_that_nobody_keeps_falls_to_one_who_waits(cache: CacheClient):
    lapsing = (await claimed(cache, lease_ns=1_000_000)).claim
    (told,) = await awaited(cache)

    assert told.HasField("claim") and told.claim.token != lapsing.token
    assert not (await advance(cache, lapsing, b"late")).is_held


async def test_who_has_heard_a_part_hears_that_the_rest_failed(cache: CacheClient):
    claim = (await claimed(cache)).claim
    await advance(cache, claim, b"half")
    waiting = asyncio.ensure_future(awaited(cache))
    await until_waiting(cache, claim, 1)
    await advance(cache, claim, ending=contract.ENDING_FAILED)
    told = await waiting

    assert [each.part.content for each in told] == [b"half", b""]
    assert told[-1].part.ending == contract.ENDING_FAILED


async def test_a_refusal_is_for_all_who_wait_and_for_nobody_later(cache: CacheClient):
    claim = (await claimed(cache)).claim
    waiting = asyncio.ensure_future(awaited(cache))
    await until_waiting(cache, claim, 1)
    await advance(cache, claim, b"no", contract.ENDING_REFUSED, status=400)
    (told,) = await waiting

    assert (told.part.status, told.part.content) == (400, b"no")
    assert (await claimed(cache)).HasField("claim")


async def test_a_complete_answer_is_given_until_it_is_stored_if_it_will_be(cache: CacheClient):
    for is_to_be_kept in (False, True):
        claim = (await claimed(cache)).claim
        ending = contract.ENDING_COMPLETE
        await advance(cache, claim, b"made", ending, is_to_be_kept=is_to_be_kept)
    (told,) = await awaited(cache)
    await cache.store(store_of("q", entry_of(b"stored"), claim=claim))
    (then,) = await awaited(cache)

    assert told.part.content == b"made"
    assert then.answer.entry.content == b"stored"


async def test_claims_of_tenants_never_meet(cache: CacheClient):
    other = ledger_pb2.Attribution(tenant_id="other")

    assert (await claimed(cache)).HasField("claim")
    assert (await claimed(cache, attribution=other)).HasField("claim")


async def test_an_answer_that_was_to_be_forgotten_while_it_was_made_is_not_kept(
    cache: CacheClient,
):
    old, other = (await claimed(cache)).claim, (await claimed(cache, "other")).claim
    forgotten = contract.InvalidateRequest(tenant_id="acme", exact_key=key_of("q"))
    await cache.invalidate(forgotten)
    new = (await claimed(cache)).claim
    stored = [
        await cache.store(store_of(name, claim=claim))
        for name, claim in (("q", old), ("other", other), ("q", new))
    ]

    assert [each.refused_reason for each in stored] == ["invalidated", "", ""]


async def test_without_a_strategy_nothing_is_claimed(cache: CacheClient):
    lookup = lookup_of("q", strategy="CACHE_STRATEGY_NONE")
    found = await cache.claim(contract.ClaimRequest(lookup=lookup))

    assert found.answer.miss_reason == "strategy" and not found.HasField("claim")


@pytest.mark.parametrize("lease_ns", [-1, 601 * 10**9])
async def test_a_lease_that_is_none_is_refused(cache: CacheClient, lease_ns: int):
    with pytest.raises(InvalidRequest) as refused:
        await claimed(cache, lease_ns=lease_ns)

    assert [violation.field for violation in refused.value.violations] == ["lease_ns"]
