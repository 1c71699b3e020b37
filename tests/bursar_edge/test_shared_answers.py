"""The same request, asked many times at once, is made once; nobody else's failure is shared."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from bursar.cache.v1 import cache_pb2
from bursar.quota.v1 import quota_pb2
from bursar_simulator.settings import SimulatorSettings
from edge_requests import ANTHROPIC, BOTH, OPENAI, completion, messages, session
from edge_world import EdgeWorld, edge_world

ASKED_AT_ONCE = 40
SLOW = SimulatorSettings(first_byte_s=0.3)


async def asked(client: aiohttp.ClientSession, url: str, body: object, **headers: str):
    async with client.post(url, json=body, headers=headers) as answer:
        return answer.status, answer.headers["x-bursar-cache"], await answer.read()


async def asked_at_once(world: EdgeWorld, path: str, bodies: list[dict[str, object]]):
    async with session() as client, asyncio.TaskGroup() as group:
        asking = [group.create_task(asked(client, world.url + path, body)) for body in bodies]
    return [task.result() for task in asking]


async def begun(world: EdgeWorld) -> None:
    """Returns once a call has reached the provider."""
    await world.ledger.until(lambda: bool(world.ledger.reserved))


@pytest.mark.parametrize(("path", "body"), BOTH)
@pytest.mark.parametrize("stream", [False, True])
async def test_identical_requests_at_once_make_one_call_and_get_the_same_words(
    tmp_path: Path, path: str, body: dict[str, object], stream: bool
) -> None:
    async with edge_world(tmp_path, provider=SLOW) as world:
        body = {**body, "temperature": 0, "stream": stream}
        answers = await asked_at_once(world, path, [body] * ASKED_AT_ONCE)
        await world.ledger.all_settled(1)
        stats = await world.cache.stats(cache_pb2.StatsRequest(tenant_id="default"))
    assert len(world.provider.served.calls) == 1
    assert len({content for _, _, content in answers}) == 1
    assert sorted({cache for _, cache, _ in answers}) == ["miss", "shared"]
    assert stats.hits + stats.misses <= ASKED_AT_ONCE


async def test_each_gets_a_shared_answer_in_the_way_it_asked_for(tmp_path: Path) -> None:
    bodies = [messages(temperature=0, stream=is_streaming) for is_streaming in (True, False, True)]
    async with edge_world(tmp_path, provider=SLOW) as world:
        answers = await asked_at_once(world, ANTHROPIC, bodies)
        again = await asked_at_once(world, ANTHROPIC, bodies[::-1])
    assert [content.startswith(b"{") for _, _, content in answers] == [False, True, False]
    assert len(world.provider.served.calls) == 1
    assert [content.startswith(b"{") for _, _, content in again] == [False, True, False]


async def test_a_client_that_hangs_up_does_not_take_the_answer_from_the_others(
    tmp_path: Path,
) -> None:
    slow = SimulatorSettings(first_byte_s=0.2, chunk_s=0.02)
    async with edge_world(tmp_path, provider=slow) as world, session() as client:
        body = messages(temperature=0, stream=True)
        leaving = asyncio.ensure_future(asked(client, world.url + ANTHROPIC, body))
        await begun(world)
        async with asyncio.TaskGroup() as group:
            staying = group.create_task(asked(client, world.url + ANTHROPIC, body))
            await asyncio.sleep(0.1)
            leaving.cancel()
        status, cache, content = staying.result()
        await world.ledger.all_settled(1)
    assert (status, cache) == (200, "shared")
    assert b"message_stop" in content
    assert len(world.provider.served.calls) == 1


async def test_a_providers_failure_is_for_one_alone_and_the_next_takes_over(tmp_path: Path) -> None:
    async with edge_world(tmp_path, provider=SLOW) as world, session() as client:
        url, body = world.url + OPENAI, completion(temperature=0)
        failing = asyncio.ensure_future(asked(client, url, body, **{"x-simulate": "status=500"}))
        await begun(world)
        others = await asked_at_once(world, OPENAI, [body] * 5)
        failed = await failing
    assert failed[0] == 500
    assert [status for status, _, _ in others] == [200] * 5
    assert sorted(cache for _, cache, _ in others) == ["miss"] + ["shared"] * 4


async def test_a_refusal_of_the_content_is_shared(tmp_path: Path) -> None:
    async with edge_world(tmp_path, provider=SLOW) as world, session() as client:
        url, body = world.url + OPENAI, completion(temperature=0)
        refused = asyncio.ensure_future(asked(client, url, body, **{"x-simulate": "status=400"}))
        await begun(world)
        others = await asked_at_once(world, OPENAI, [body] * 3)
        first = await refused
    assert {status for status, _, _ in [first, *others]} == {400}
    assert len({content for _, _, content in [first, *others]}) == 1


async def test_who_may_spend_nothing_more_is_refused_though_the_answer_is_being_made(
    tmp_path: Path,
) -> None:
    async with edge_world(tmp_path, provider=SLOW) as world, session() as client:
        url, body = world.url + OPENAI, completion(temperature=0)
        await world.limit(1, quota_pb2.METER_REQUESTS)
        first = asyncio.ensure_future(asked(client, url, body))
        await begun(world)
        async with client.post(url, json=body) as denied:
            assert denied.status == 400 and b"limit spend" in await denied.read()
        assert (await first)[0] == 200
