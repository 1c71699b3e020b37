"""Three replicas on one broker: an answer is made once, whichever of them is asked."""

from __future__ import annotations

import asyncio
from itertools import cycle, islice

import pytest

from bursar.cache.v1 import cache_pb2 as contract
from bursar.clients.cache import CacheClient
from cache_entries import lookup_of
from cache_fleet import cache_fleet
from nats_broker import NatsBroker

pytestmark = pytest.mark.broker

ASKED_AT_ONCE = 60


@pytest.fixture
def broker():
    started = NatsBroker().start()
    yield started
    started.remove()


@pytest.fixture
async def replicas(broker, tmp_path, monkeypatch):
    monkeypatch.setenv("BURSAR_CACHE_DISK_BYTES_MAX", "0")
    async with cache_fleet(broker.url, tmp_path, 3) as found:
        yield found


class Caller:
    """Asks as the edge does, and counts what had to be made."""

    def __init__(self) -> None:
        self.made = 0

    async def ask(self, cache: CacheClient) -> bytes:
        lookup = lookup_of("q")
        found = await cache.claim(contract.ClaimRequest(lookup=lookup))
        if found.HasField("claim"):
            return await self._make(cache, found.claim)
        heard = b""
        async for told in cache.await_(contract.AwaitRequest(lookup=lookup)):
            if told.HasField("claim"):
                return await self._make(cache, told.claim)
            heard += told.part.content
        return heard

    async def _make(self, cache: CacheClient, claim: contract.Claim) -> bytes:
        self.made += 1
        for piece in (b"made ", b"once"):
            await advance(cache, claim, content=piece)
        complete = {"ending": contract.ENDING_COMPLETE, "is_to_be_kept": True}
        await advance(cache, claim, **complete)
        return b"made once"


async def advance(cache: CacheClient, claim: contract.Claim, **fields):
    return await cache.advance(contract.AdvanceRequest(token=claim.token, **fields))


async def test_all_who_ask_any_replica_at_once_hear_the_one_answer(replicas):
    caller = Caller()
    asked = islice(cycle(replicas), ASKED_AT_ONCE)
    heard = await asyncio.gather(*(caller.ask(cache) for cache in asked))

    assert caller.made == 1
    assert set(heard) == {b"made once"}


async def test_when_who_makes_it_fails_one_who_asked_another_replica_takes_over(replicas):
    first, second, third = replicas
    lookup = lookup_of("q")
    claim = (await first.claim(contract.ClaimRequest(lookup=lookup))).claim
    caller = Caller()
    waiting = [asyncio.ensure_future(caller.ask(cache)) for cache in (second, third, second)]
    while (await advance(first, claim)).waiting < len(waiting):
        await asyncio.wait(waiting, timeout=0.01)
    await advance(first, claim, ending=contract.ENDING_FAILED)
    heard = await asyncio.gather(*waiting)

    assert caller.made == 1
    assert set(heard) == {b"made once"}


async def test_a_claim_is_told_of_through_any_replica(replicas):
    first, second, third = replicas
    claim = (await first.claim(contract.ClaimRequest(lookup=lookup_of("q")))).claim
    hearing = asyncio.ensure_future(Caller().ask(third))
    while not (await advance(second, claim)).waiting:
        await asyncio.wait((hearing,), timeout=0.01)
    await advance(second, claim, content=b"told", ending=contract.ENDING_COMPLETE)

    assert await hearing == b"told"
