"""Streams through the edge: as they come, to whatever end they come."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from bursar.quota.v1 import quota_pb2
from bursar_simulator.served import Outcome
from edge_requests import ANTHROPIC, BOTH, OPENAI, completion, messages, session
from edge_world import EdgeWorld, edge_world

# What differs between two calls of the same: ids made for each.
_IDS = re.compile(rb"(?:req|msg|chatcmpl|toolu|call)[_-][0-9a-zA-Z_]+|\"created\":\d+")


@pytest.mark.parametrize(("path", "body"), BOTH)
@pytest.mark.parametrize("told", ["", "tool_use", "tokens=40", "thinking"])
async def test_a_stream_is_byte_for_byte_what_the_provider_sends(
    tmp_path: Path, path: str, body: dict[str, object], told: str
) -> None:
    tool = (
        {"name": "find", "description": "d", "input_schema": {"type": "object"}}
        if path == ANTHROPIC
        else {"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}
    )
    asked = {**body, "stream": True, "tools": [tool]}
    if path == OPENAI:
        asked["stream_options"] = {"include_usage": True}
    async with edge_world(tmp_path) as world, session() as client:
        headers = {"x-simulate": told} if told else {}
        streams = []
        for url in (world.provider.address, world.url):
            async with client.post(url + path, json=asked, headers=headers) as answer:
                assert answer.content_type == "text/event-stream"
                streams.append(_IDS.sub(b"ID", await answer.read()))
        await world.ledger.all_settled(1)
    assert streams[0] == streams[1]


async def test_events_go_on_as_they_come(tmp_path: Path) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        headers = {"x-simulate": "chunk_s=0.2"}
        body = messages(stream=True)
        async with client.post(world.url + ANTHROPIC, json=body, headers=headers) as answer:
            first = await answer.content.readany()
            assert b"message_start" in first and b"message_stop" not in first
            assert b"message_stop" in await answer.read()


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_a_client_that_hangs_up_stops_the_provider_and_pays_for_what_was_streamed(
    tmp_path: Path, path: str, body: dict[str, object]
) -> None:
    async with edge_world(tmp_path) as world:
        async with session() as client:
            headers = {"x-simulate": "chunk_s=0.05; tokens=60"}
            asked = {**body, "stream": True}
            answer = await client.post(world.url + path, json=asked, headers=headers)
            seen = b""
            while seen.count(b"data:") < 5:
                seen += await answer.content.readany()
            answer.close()
        (settled,) = await world.ledger.all_settled(1)
        (served,) = await _served(world, 1)
    assert served.outcome is Outcome.HUNG_UP
    assert settled.outcome == quota_pb2.OUTCOME_CUT
    assert settled.source == quota_pb2.USAGE_SOURCE_COUNTED
    assert settled.usage.is_estimate
    assert 0 < settled.usage.output_tokens <= served.usage.output_tokens < 60
    if path == ANTHROPIC:  # which tells its input first
        assert settled.usage.input_tokens == served.usage.input_tokens
    assert settled.cost.total_nano_usd > 0


async def test_a_client_that_hangs_up_before_the_answer_pays_for_an_answer_that_may_be_made(
    tmp_path: Path,
) -> None:
    async with edge_world(tmp_path) as world:
        async with session() as client:
            headers = {"x-simulate": "never"}
            asking = asyncio.create_task(
                client.post(world.url + OPENAI, json=completion(), headers=headers)
            )
            await world.ledger.until(lambda: len(world.ledger.reserved) == 1)
            asking.cancel()
            await asyncio.wait([asking])
        (settled,) = await world.ledger.all_settled(1)
    assert settled.outcome in (quota_pb2.OUTCOME_UNKNOWN, quota_pb2.OUTCOME_FAILED)


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_a_provider_that_cuts_its_stream_ends_the_clients_with_an_error(
    tmp_path: Path, path: str, body: dict[str, object]
) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        headers = {"x-simulate": "cut_after_events=5; tokens=60"}
        asked = {**body, "stream": True}
        async with client.post(world.url + path, json=asked, headers=headers) as answer:
            text = await answer.read()
        (settled,) = await world.ledger.all_settled(1)
        (served,) = world.provider.served.calls
    last = text.rstrip().split(b"\n\n")[-1]
    assert b'"error"' in last
    assert b"[DONE]" not in text and b"message_stop" not in text
    assert settled.outcome == quota_pb2.OUTCOME_CUT
    assert settled.usage.is_estimate
    assert 0 < settled.usage.output_tokens <= served.usage.output_tokens


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_an_error_inside_a_stream_stays_the_providers_own(
    tmp_path: Path, path: str, body: dict[str, object]
) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        headers = {"x-simulate": "error_after_events=4; tokens=60"}
        asked = {**body, "stream": True}
        async with client.post(world.url + path, json=asked, headers=headers) as answer:
            text = await answer.read()
        (settled,) = await world.ledger.all_settled(1)
    assert text.count(b'"error"') - text.count(b'"type":"error"') <= 1
    assert b"SIMULATED overload" in text
    assert settled.outcome == quota_pb2.OUTCOME_FAILED
    assert settled.usage.output_tokens > 0


async def test_calls_under_way_at_the_end_are_cut_and_settled_by_what_was_streamed(
    tmp_path: Path,
) -> None:
    async with edge_world(tmp_path, drain_s=0.1) as world, session() as client:
        headers = {"x-simulate": "chunk_s=0.1; tokens=200"}
        body = messages(stream=True, max_tokens=1_000)
        async with client.post(world.url + ANTHROPIC, json=body, headers=headers) as answer:
            seen = b""
            while seen.count(b"data:") < 4:
                seen += await answer.content.readany()
            await world.edge.drain()
            rest = await answer.read()
        (settled,) = await world.ledger.all_settled(1)
    assert b"shutting down" in rest.split(b"event: error")[-1]
    assert settled.outcome == quota_pb2.OUTCOME_CUT
    assert settled.usage.is_estimate and settled.usage.output_tokens > 0


async def test_calls_that_end_in_time_are_let_end(tmp_path: Path) -> None:
    async with edge_world(tmp_path) as world, session() as client:
        headers = {"x-simulate": "first_byte_s=0.3"}
        asking = asyncio.create_task(
            client.post(world.url + OPENAI, json=completion(), headers=headers)
        )
        await world.ledger.until(lambda: len(world.ledger.reserved) == 1)
        await world.edge.drain()
        answer = await asking
        assert answer.status == 200 and answer.headers["connection"] == "close"
        (settled,) = await world.ledger.all_settled(1)
    assert settled.outcome == quota_pb2.OUTCOME_COMPLETED


async def _served(world: EdgeWorld, calls: int):
    """The provider's calls, once it has noticed their ends."""
    async with asyncio.timeout(10):
        # It notes them in this very loop, and tells nobody.
        while len(world.provider.served.calls) < calls:  # noqa: ASYNC110
            await asyncio.sleep(0)
    return list(world.provider.served.calls)
