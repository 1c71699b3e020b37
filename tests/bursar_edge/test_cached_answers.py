"""Kept answers: given again in whatever way they are asked for, and to nobody else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bursar.cache.v1 import cache_pb2
from bursar.dialects.body import LOOP_BYTES_MAX
from edge_requests import ANTHROPIC, BOTH, OPENAI, completion, messages, session
from edge_world import edge_world


@pytest.mark.parametrize(("path", "body"), BOTH)
@pytest.mark.parametrize("first_streams", [False, True])
@pytest.mark.parametrize("then_streams", [False, True])
async def test_the_same_request_is_answered_from_the_cache_streamed_or_not(
    tmp_path: Path, path: str, body: dict[str, object], first_streams: bool, then_streams: bool
) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        asked = {**body, "temperature": 0}
        async with client.post(world.url + path, json={**asked, "stream": first_streams}) as answer:
            assert answer.headers["x-bursar-cache"] == "miss"
            await answer.read()
        await world.edge.settled()
        async with client.post(world.url + path, json={**asked, "stream": then_streams}) as answer:
            assert answer.headers["x-bursar-cache"] == "hit"
            assert int(answer.headers["x-bursar-saved-nano-usd"]) > 0
            assert answer.headers["x-bursar-cost-nano-usd"] == "0"
            text = await answer.text()
            kind = answer.content_type
        await world.ledger.all_settled(1)
        stats = await world.cache.stats(cache_pb2.StatsRequest(tenant_id="default"))
    assert kind == ("text/event-stream" if then_streams else "application/json")
    assert ("SIMULATED" in text) and len(world.provider.served.calls) == 1
    assert stats.entries == 1


async def test_a_request_too_large_to_be_read_in_the_loop_is_answered_alike(tmp_path: Path) -> None:
    content = "a word " * (LOOP_BYTES_MAX // 7 + 1)
    body = completion(temperature=0, messages=[{"role": "user", "content": content}])
    async with edge_world(tmp_path) as world, session() as client:
        for found in ("miss", "hit"):
            async with client.post(world.url + OPENAI, json=body) as answer:
                assert answer.headers["x-bursar-cache"] == found, await answer.text()
            await world.edge.settled()


async def test_what_is_sampled_is_neither_looked_up_nor_kept(tmp_path: Path) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        for _ in range(2):
            async with client.post(world.url + OPENAI, json=completion()) as answer:
                assert answer.headers["x-bursar-cache"] == "off"
            await world.edge.settled()
    assert len(world.provider.served.calls) == 2


async def test_sampled_answers_are_kept_where_that_is_allowed(tmp_path: Path) -> None:
    async with edge_world(tmp_path, are_sampled_cached=True) as world, session() as client:
        for _ in range(2):
            async with client.post(world.url + OPENAI, json=completion()) as answer:
                assert answer.status == 200
            await world.edge.settled()
    assert len(world.provider.served.calls) == 1


@pytest.mark.parametrize(("wish", "calls"), [("no-store", 2), ("off", 2), ("", 1)])
async def test_a_caller_can_say_that_nothing_is_kept(tmp_path: Path, wish: str, calls: int) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        headers = {"x-bursar-cache": wish} if wish else {}
        for _ in range(2):
            body = completion(temperature=0)
            async with client.post(world.url + OPENAI, json=body, headers=headers) as answer:
                assert answer.status == 200
            await world.edge.settled()
    assert len(world.provider.served.calls) == calls


async def test_another_version_header_is_another_request(tmp_path: Path) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        for beta in ("a-2025", "b-2025", "a-2025"):
            headers = {"anthropic-beta": beta}
            body = messages(temperature=0)
            async with client.post(world.url + ANTHROPIC, json=body, headers=headers) as answer:
                assert answer.status == 200
            await world.edge.settled()
    assert len(world.provider.served.calls) == 2


async def test_a_cut_stream_is_not_kept(tmp_path: Path) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        body = messages(temperature=0, stream=True)
        headers = {"x-simulate": "cut_after_events=5"}
        async with client.post(world.url + ANTHROPIC, json=body, headers=headers) as answer:
            await answer.read()
        await world.edge.settled()
        async with client.post(world.url + ANTHROPIC, json=body) as answer:
            assert answer.headers["x-bursar-cache"] == "miss"


async def test_a_kept_stream_brings_its_usage_only_to_who_asks_for_it(tmp_path: Path) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        body = completion(temperature=0, stream=True)
        told = []
        for options in (None, {"include_usage": True}, None):
            asked = {**body, "stream_options": options} if options else body
            async with client.post(world.url + OPENAI, json=asked) as answer:
                told.append(b'"usage":{' in await answer.read())
            await world.edge.settled()
    assert told == [False, True, False]
    assert len(world.provider.served.calls) == 1


async def test_an_answer_given_again_has_the_same_words(tmp_path: Path) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        answers = []
        for _ in range(2):
            async with client.post(world.url + OPENAI, json=completion(temperature=0)) as answer:
                answers.append(json.loads(await answer.read()))
            await world.edge.settled()
    assert answers[0] == answers[1]
