"""Long chats through the edge: told once what stands in them twice, and nothing else changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bursar.ledger.v1 import ledger_pb2
from edge_requests import ANTHROPIC, OPENAI, completion, messages, session
from edge_world import EdgeWorld, edge_world

FILE = "\n".join(f"line {number} = value_{number * 7919 % 1000}" for number in range(400))
BYTES_MIN = 8 * 1024


def turns(count: int) -> list[dict[str, Any]]:
    """A chat in which the same file is read in every turn."""
    told: list[dict[str, Any]] = []
    for number in range(count):
        told.append({"role": "user", "content": f"Look at turn {number}:\n{FILE}\n"})
        told.append({"role": "assistant", "content": f"Seen {number}."})
    return [*told, {"role": "user", "content": "So?"}]


async def sent(world: EdgeWorld, path: str, body: dict[str, Any], **headers: str) -> Any:
    """The request as the provider got it."""
    async with (
        session() as client,
        client.post(world.url + path, json=body, headers=headers) as got,
    ):
        assert got.status == 200, await got.text()
    return world.provider.served.calls[-1]


@pytest.mark.parametrize(("path", "shape"), [(ANTHROPIC, messages), (OPENAI, completion)])
async def test_a_file_that_was_read_before_goes_out_once_and_the_ledger_says_what_that_saved(
    tmp_path: Path, path: str, shape: Any
) -> None:
    async with edge_world(tmp_path, shortened_bytes_min=BYTES_MIN) as world:
        whole = await sent(world, path, shape(messages=turns(3)), **{"x-bursar-compression": "off"})
        short = await sent(world, path, shape(messages=turns(3)))
        as_it_was, saved = await world.ledger.all_settled(2)

    assert short.usage.input_tokens < whole.usage.input_tokens / 2
    assert not as_it_was.savings
    (saving,) = saved.savings
    assert saving.cause == ledger_pb2.SAVING_CAUSE_COMPRESSION
    assert saving.input_tokens > short.usage.input_tokens


async def test_a_short_request_goes_out_as_it_came(tmp_path: Path) -> None:
    async with edge_world(tmp_path, shortened_bytes_min=BYTES_MIN) as world:
        body = messages(messages=[{"role": "user", "content": "a\na\n" * 20}])
        call = await sent(world, ANTHROPIC, body)
        (settled,) = await world.ledger.all_settled(1)

    assert call.usage.input_tokens == settled.usage.input_tokens
    assert not settled.savings
    assert len(json.dumps(body)) < BYTES_MIN


async def test_a_longer_chat_begins_with_what_the_shorter_one_sent(tmp_path: Path) -> None:
    async with edge_world(tmp_path, shortened_bytes_min=BYTES_MIN) as world:
        async with aiohttp.ClientSession(headers={"x-api-key": "k"}) as client:
            for count in (3, 4):
                body = messages(messages=marked(turns(count)))
                async with client.post(world.url + ANTHROPIC, json=body) as got:
                    assert got.status == 200
        first, second = await world.ledger.all_settled(2)

    assert first.usage.cache_write_tokens > 0
    assert second.usage.cached_input_tokens >= first.usage.cache_write_tokens * 9 // 10


def marked(chat: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same, its last full turn marked for the provider's cache."""
    place = len(chat) - 3
    text = {"type": "text", "text": chat[place]["content"]}
    chat[place] = {"role": "user", "content": [{**text, "cache_control": {"type": "ephemeral"}}]}
    return chat


async def test_where_the_compressor_fails_the_call_goes_out_as_it_came(tmp_path: Path) -> None:
    async with edge_world(tmp_path, shortened_bytes_min=BYTES_MIN) as world:
        odd = [{"role": "user", "content": FILE + FILE}, {"role": "user", "content": 7}]
        call = messages(messages=odd)
        async with session() as client, client.post(world.url + ANTHROPIC, json=call) as got:
            assert got.status in (200, 400)
        assert len(await world.ledger.all_settled(1)) == 1
