"""The official SDKs, unmodified but for their base address, through the edge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import anthropic
import openai
import pytest

from bursar.quota.v1 import quota_pb2
from edge_world import EdgeWorld, edge_world

pytestmark = pytest.mark.clients

CLAUDE = {"model": "claude-haiku-4-5", "max_tokens": 200}
GPT = {"model": "gpt-4o", "max_tokens": 200}
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
CLAUDE_TOOL = {"name": "look", "description": "Looks.", "input_schema": SCHEMA}
GPT_TOOL = {"type": "function", "function": {"name": "look", "parameters": SCHEMA}}


def user(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[EdgeWorld]:
    async with edge_world(tmp_path) as running:
        yield running


def ask_claude(url: str) -> list[object]:
    sdk = anthropic.Anthropic(api_key="k", base_url=url, max_retries=0)
    plain = sdk.messages.create(**CLAUDE, messages=user("Where?"))
    with sdk.messages.stream(**CLAUDE, messages=user("When?")) as stream:
        assert "".join(stream.text_stream).startswith("SIMULATED")
        streamed = stream.get_final_message()
    tool = sdk.messages.create(**CLAUDE, messages=user("[simulate: tool_use]"), tools=[CLAUDE_TOOL])
    (call,) = (block for block in tool.content if block.type == "tool_use")
    turns = [
        *user("[simulate: tool_use]"),
        {"role": "assistant", "content": [block.model_dump() for block in tool.content]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "here"}],
        },
    ]
    last = sdk.messages.create(**CLAUDE, messages=turns, tools=[CLAUDE_TOOL])
    assert sdk.messages.count_tokens(model=CLAUDE["model"], messages=user("x")).input_tokens > 0
    assert sdk.models.list().data
    sdk.close()
    return [plain, streamed, tool, last]


async def ask_claude_async(url: str) -> list[object]:
    async with anthropic.AsyncAnthropic(api_key="k", base_url=url, max_retries=0) as sdk:
        plain = await sdk.messages.create(**CLAUDE, messages=user("Where?"))
        async with sdk.messages.stream(
            **CLAUDE, messages=user("[simulate: tool_use]"), tools=[CLAUDE_TOOL]
        ) as stream:
            streamed = await stream.get_final_message()
    assert streamed.stop_reason == "tool_use"
    return [plain, streamed]


def ask_gpt(url: str) -> list[object]:
    sdk = openai.OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0)
    plain = sdk.chat.completions.create(**GPT, messages=user("Where?"))
    chunks = list(
        sdk.chat.completions.create(
            **GPT, messages=user("When?"), stream=True, stream_options={"include_usage": True}
        )
    )
    silent = list(sdk.chat.completions.create(**GPT, messages=user("Who?"), stream=True))
    assert not any(chunk.usage for chunk in silent)
    tool = sdk.chat.completions.create(
        **GPT, messages=user("[simulate: tool_use]"), tools=[GPT_TOOL]
    )
    assert tool.choices[0].message.tool_calls
    assert sdk.models.list().data
    sdk.close()
    return [plain, chunks[-1], silent[-1], tool]


async def ask_gpt_async(url: str) -> list[object]:
    async with openai.AsyncOpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as sdk:
        plain = await sdk.chat.completions.create(**GPT, messages=user("Where?"))
        stream = await sdk.chat.completions.create(
            **GPT, messages=user("[simulate: tool_use]"), tools=[GPT_TOOL], stream=True
        )
        last = [chunk async for chunk in stream][-1]
    return [plain, last]


async def test_anthropics_sdk_works_and_the_ledger_has_what_was_served(world: EdgeWorld) -> None:
    answers = await asyncio.to_thread(ask_claude, world.url)
    answers += await ask_claude_async(world.url)
    settled = await world.ledger.all_settled(len(answers))
    assert {name: world.served()[name] for name in world.ledger.totals()} == world.ledger.totals()
    assert sum(answer.usage.output_tokens for answer in answers) == sum(
        each.usage.output_tokens for each in settled
    )


async def test_openais_sdk_works_and_the_ledger_has_what_was_served(world: EdgeWorld) -> None:
    answers = await asyncio.to_thread(ask_gpt, world.url)
    answers += await ask_gpt_async(world.url)
    await world.ledger.all_settled(len(answers))
    assert {name: world.served()[name] for name in world.ledger.totals()} == world.ledger.totals()


async def test_an_sdk_does_not_send_again_what_a_limit_denies(world: EdgeWorld) -> None:
    await world.limit(0, quota_pb2.METER_COST_NANO_USD)
    async with anthropic.AsyncAnthropic(api_key="k", base_url=world.url) as sdk:
        with pytest.raises(anthropic.BadRequestError, match="Would exceed"):
            await sdk.messages.create(**CLAUDE, messages=user("Where?"))
    async with openai.AsyncOpenAI(api_key="k", base_url=f"{world.url}/v1") as sdk:
        with pytest.raises(openai.BadRequestError, match="Would exceed"):
            await sdk.chat.completions.create(**GPT, messages=user("Where?"))
    await world.ledger.until(lambda: len(world.ledger.denied) == 2)
    assert not world.ledger.reserved


async def test_an_sdk_obeys_the_providers_retry_after_and_each_try_is_accounted(
    world: EdgeWorld,
) -> None:
    world.provider.faults.add("status=429; retry_after_s=0", times=2)
    async with anthropic.AsyncAnthropic(api_key="k", base_url=world.url, max_retries=2) as sdk:
        answer = await sdk.messages.create(**CLAUDE, messages=user("Where?"))
    assert answer.content
    settled = await world.ledger.all_settled(3)
    assert [each.outcome for each in settled] == [
        quota_pb2.OUTCOME_FAILED,
        quota_pb2.OUTCOME_FAILED,
        quota_pb2.OUTCOME_COMPLETED,
    ]
    assert len(world.provider.served.calls) == 3


async def test_an_sdk_raises_for_a_stream_that_the_provider_cut(world: EdgeWorld) -> None:
    cut = user("[simulate: cut_after_events=5; tokens=60]")
    async with anthropic.AsyncAnthropic(api_key="k", base_url=world.url) as sdk:
        with pytest.raises(anthropic.APIStatusError, match="before the answer was whole"):
            async with sdk.messages.stream(**CLAUDE, messages=cut) as stream:
                await stream.get_final_message()
    async with openai.AsyncOpenAI(api_key="k", base_url=f"{world.url}/v1") as sdk:
        stream = await sdk.chat.completions.create(**GPT, messages=cut, stream=True)
        with pytest.raises(openai.APIError, match="before the answer was whole"):
            [chunk async for chunk in stream]
