"""A call through the edge: passed untouched, held, settled with what the provider said."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from bursar.quota.v1 import quota_pb2
from edge_requests import ANTHROPIC, BOTH, OPENAI, completion, messages, session
from edge_world import EdgeWorld, edge_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[EdgeWorld]:
    async with edge_world(tmp_path) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with session() as opened:
        yield opened


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_a_call_is_settled_with_what_the_provider_served(
    world: EdgeWorld, client: aiohttp.ClientSession, path: str, body: dict[str, object]
) -> None:
    async with client.post(world.url + path, json=body) as answer:
        assert answer.status == 200, await answer.text()
        told = dict(answer.headers)
    (settled,) = await world.ledger.all_settled(1)
    assert {name: world.served()[name] for name in world.ledger.totals()} == world.ledger.totals()
    assert settled.outcome == quota_pb2.OUTCOME_COMPLETED
    assert settled.source == quota_pb2.USAGE_SOURCE_PROVIDER
    assert settled.cost.is_known and settled.cost.price.snapshot_hash
    assert int(told["x-bursar-cost-nano-usd"]) == settled.cost.total_nano_usd > 0
    assert settled.attribution.call_id == told["x-bursar-call-id"]
    assert settled.provider_request_id == world.provider.served.calls[0].request_id
    assert settled.duration_ns > 0
    assert told["x-bursar-cache"] == "off"


@pytest.mark.parametrize(("path", "body"), BOTH)
async def test_a_stream_is_settled_with_what_the_provider_served(
    world: EdgeWorld, client: aiohttp.ClientSession, path: str, body: dict[str, object]
) -> None:
    async with client.post(world.url + path, json={**body, "stream": True}) as answer:
        assert answer.status == 200
        text = await answer.read()
    (settled,) = await world.ledger.all_settled(1)
    assert {name: world.served()[name] for name in world.ledger.totals()} == world.ledger.totals()
    assert settled.outcome == quota_pb2.OUTCOME_COMPLETED
    assert not settled.usage.is_estimate
    assert b'"usage":{"prompt_tokens"' not in text  # nobody asked for it


async def test_the_hold_is_a_bound_of_what_is_settled(
    world: EdgeWorld, client: aiohttp.ClientSession
) -> None:
    async with client.post(world.url + ANTHROPIC, json=messages()):
        pass
    (settled,) = await world.ledger.all_settled(1)
    (reserved,) = world.ledger.reserved
    assert reserved.is_dispatched
    assert reserved.held.output_tokens == 64
    assert reserved.held.input_tokens >= settled.usage.input_tokens
    assert reserved.held.cost_nano_usd >= settled.cost.total_nano_usd
    assert not settled.overrun.cost_nano_usd


async def test_a_request_without_a_bound_gets_the_configured_one(
    world: EdgeWorld, client: aiohttp.ClientSession
) -> None:
    body = completion()
    del body["max_tokens"]
    async with client.post(world.url + OPENAI, json=body) as answer:
        assert answer.status == 200
    await world.ledger.all_settled(1)
    assert world.ledger.reserved[0].held.output_tokens == 4_096


async def test_a_model_without_a_price_is_counted_and_says_that_its_cost_is_unknown(
    world: EdgeWorld, client: aiohttp.ClientSession
) -> None:
    async with client.post(world.url + OPENAI, json=completion(model="home-grown-7b")) as answer:
        assert answer.status == 200
        assert answer.headers["x-bursar-price"] == "unknown"
        assert "x-bursar-cost-nano-usd" not in answer.headers
    (settled,) = await world.ledger.all_settled(1)
    assert not settled.cost.is_known and settled.cost.total_nano_usd == 0
    assert settled.usage.output_tokens > 0


async def test_a_provider_that_reports_no_usage_is_counted_and_marked(
    world: EdgeWorld, client: aiohttp.ClientSession
) -> None:
    headers = {"x-simulate": "no_usage"}
    async with client.post(world.url + OPENAI, json=completion(), headers=headers) as answer:
        assert answer.status == 200
    (settled,) = await world.ledger.all_settled(1)
    assert settled.usage.is_estimate
    assert settled.source == quota_pb2.USAGE_SOURCE_COUNTED
    assert settled.usage.output_tokens > 0 and settled.usage.input_tokens > 0


async def test_the_call_belongs_to_the_local_user_by_pseudonym_and_to_what_its_headers_name(
    world: EdgeWorld, client: aiohttp.ClientSession
) -> None:
    headers = {
        "x-bursar-task": "task-1",
        "x-bursar-agent": "coder",
        "x-bursar-label-Project": "atlas",
    }
    async with client.post(world.url + OPENAI, json=completion(), headers=headers):
        pass
    (settled,) = await world.ledger.all_settled(1)
    attribution = settled.attribution
    assert attribution.tenant_id == "default"
    assert attribution.user_id.startswith("user_")
    assert world.ground.names.name_of("default", attribution.user_id)
    assert (attribution.task_id, attribution.agent_id) == ("task-1", "coder")
    assert dict(attribution.labels) == {"project": "atlas"}


async def test_the_trace_of_the_caller_goes_on_into_the_ledger(
    world: EdgeWorld, client: aiohttp.ClientSession
) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-00"}
    async with client.post(world.url + OPENAI, json=completion(), headers=headers) as answer:
        assert answer.headers["x-bursar-trace-id"] == trace_id
    await world.ledger.all_settled(1)
    traced = {event.trace_id.hex() for event in world.ledger.envelopes if event.call_id}
    assert traced == {trace_id}


async def test_errors_of_the_provider_keep_status_body_and_retry_after_and_cost_nothing(
    world: EdgeWorld, client: aiohttp.ClientSession
) -> None:
    world.provider.faults.add("status=429; retry_after_s=7", times=2)
    async with client.post(world.provider.address + ANTHROPIC, json=messages()) as answer:
        direct = await answer.json()
    async with client.post(world.url + ANTHROPIC, json=messages()) as answer:
        assert answer.status == 429
        assert answer.headers["retry-after"] == "7"
        assert {**await answer.json(), "request_id": ""} == {**direct, "request_id": ""}
    (settled,) = await world.ledger.all_settled(1)
    assert settled.outcome == quota_pb2.OUTCOME_FAILED
    assert settled.cost.total_nano_usd == 0 and settled.usage.input_tokens == 0


async def test_what_the_edge_does_not_understand_passes_and_what_is_its_own_does_not(
    tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def answer(request: aiohttp.web.Request) -> aiohttp.web.Response:
        seen.append((request.raw_path, dict(request.headers), await request.read()))
        body = {"id": "x", "model": "m", "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
        return aiohttp.web.json_response(body, headers={"x-odd": "kept", "connection": "x-hop"})

    application = aiohttp.web.Application()
    application.router.add_post(OPENAI, answer)
    runner = aiohttp.web.AppRunner(application)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    sent = b'{ "model":"m", "max_tokens":9,\t"messages":[{"role":"user","content":"\\u00e9"}],'
    sent += b' "odd":[1.50] }'
    async with edge_world(tmp_path, openai_url=f"http://127.0.0.1:{port}/v1/") as world:
        headers = {
            "content-type": "application/json",
            "authorization": "Bearer sk-mine",
            "openai-beta": "something-new",
            "x-bursar-task": "t",
            "accept-encoding": "gzip, br",
            "connection": "keep-alive, x-hop",
            "x-hop": "1",
        }
        url = URL(f"{world.url}{OPENAI}?beta=true&x=%2F", encoded=True)
        async with client.post(url, data=sent, headers=headers) as response:
            assert response.status == 200
            assert response.headers["x-odd"] == "kept"
        await world.ledger.all_settled(1)
    await runner.cleanup()
    ((path, passed, body),) = seen
    assert path == f"{OPENAI}?beta=true&x=%2F"
    assert body == sent
    lower = {name.lower(): value for name, value in passed.items()}
    assert lower["openai-beta"] == "something-new"
    assert lower["authorization"] == "Bearer sk-mine"
    assert lower["accept-encoding"] == "identity"
    assert lower["traceparent"].startswith("00-")
    assert not {"x-bursar-task", "x-hop", "connection"} & lower.keys()


async def test_a_body_that_no_provider_would_take_is_refused_before_anything_is_held(
    world: EdgeWorld, client: aiohttp.ClientSession
) -> None:
    async with client.post(world.url + ANTHROPIC, data=b'{"model": 5}') as answer:
        assert answer.status == 400
        assert answer.headers["x-should-retry"] == "false"
        told = await answer.json()
    assert told["type"] == "error" and told["error"]["type"] == "invalid_request_error"
    assert not world.ledger.reserved


async def test_other_requests_pass_without_a_hold(
    world: EdgeWorld, client: aiohttp.ClientSession
) -> None:
    async with client.post(f"{world.url}{ANTHROPIC}/count_tokens", json=messages()) as answer:
        assert (await answer.json())["input_tokens"] > 0
    async with client.get(f"{world.url}/v1/models") as answer:
        assert (await answer.json())["object"] == "list"
    anthropic = {"anthropic-version": "2023-06-01"}
    async with client.get(f"{world.url}/v1/models?limit=1", headers=anthropic) as answer:
        assert "has_more" in await answer.json()
    async with client.get(f"{world.url}/v1/models/gpt-4o") as answer:
        assert (await answer.json())["id"] == "gpt-4o"
    assert not world.ledger.reserved


async def test_the_edge_says_that_it_is_there(
    world: EdgeWorld, client: aiohttp.ClientSession
) -> None:
    async with client.head(world.url) as answer:
        assert answer.status == 200
    async with client.get(f"{world.url}/healthz") as answer:
        assert await answer.text() == "ok\n"


@pytest.mark.parametrize(
    ("path", "shape"), [("/v1/messages/batches", "type"), ("/v1/embeddings", "error")]
)
async def test_an_unknown_path_is_not_found_in_the_shape_of_its_kin(
    world: EdgeWorld, client: aiohttp.ClientSession, path: str, shape: str
) -> None:
    async with client.post(world.url + path, json={}) as answer:
        assert answer.status == 404
        assert shape in json.loads(await answer.text())
