"""OpenAI's Responses API through the edge: held, streamed, settled, refused, cached."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest

from bursar.quota.v1 import quota_pb2
from edge_world import EdgeWorld, edge_world

pytestmark = pytest.mark.clients
ASKED = {"model": "gpt-4o", "input": "Where?", "max_output_tokens": 200, "temperature": 0}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[EdgeWorld]:
    async with edge_world(tmp_path) as running:
        yield running


@pytest.fixture
async def sdk(world: EdgeWorld) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key="k", base_url=f"{world.url}/v1", max_retries=0) as made:
        yield made


async def test_what_the_provider_served_is_in_the_ledger(
    world: EdgeWorld, sdk: openai.AsyncOpenAI
) -> None:
    async with sdk.responses.stream(**ASKED) as stream:
        words = [each.delta async for each in stream if each.type == "response.output_text.delta"]
    assert "".join(words).startswith("SIMULATED")
    await world.ledger.all_settled(1)
    assert {name: world.served()[name] for name in world.ledger.totals()} == world.ledger.totals()


async def test_the_same_question_again_costs_nothing_streamed_or_not(
    world: EdgeWorld, sdk: openai.AsyncOpenAI
) -> None:
    first = await sdk.responses.create(**ASKED)
    await world.edge.settled()
    async with sdk.responses.stream(**ASKED) as stream:
        await stream.until_done()
        again = await stream.get_final_response()
    assert again.output_text == first.output_text
    assert len(world.provider.served.calls) == 1


async def test_a_spent_limit_is_refused_in_openais_shape(
    world: EdgeWorld, sdk: openai.AsyncOpenAI
) -> None:
    await world.limit(0, quota_pb2.METER_COST_NANO_USD)
    with pytest.raises(openai.BadRequestError) as refused:
        await sdk.responses.create(**ASKED)
    assert refused.value.code == "insufficient_quota"
    assert not world.provider.served.calls
