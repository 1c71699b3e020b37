"""A whole installation with calls made through its edge: what a dashboard has to show."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import aiohttp

from bursar.clients.cache import CacheClient
from bursar.clients.efficiency import EfficiencyClient
from bursar.clients.quota import QuotaClient
from bursar.quota.v1 import quota_pb2
from bursar.wiring.run import hosting
from bursar.wiring.settings import ProcessSettings
from bursar_all.targets import modules_for
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider

HOSTED = ("quota", "cache", "compressor", "planner", "executor", "efficiency", "edge")
TASK = "invoices-of-march"
CONTEXT = "The ledger of the third quarter lists what was bought, by whom and why. " * 40
CALLS = 36
INTERN_CALLS_MAX = 3
_MODELS = ("claude-haiku-4-5", "gpt-4o-mini")
_PATHS = ("/v1/messages", "/v1/chat/completions")
_DAY = quota_pb2.WINDOW_DAY


@dataclass(frozen=True)
class DashboardWorld:
    """The edge's address, and the services behind it as a service asks them."""

    url: str
    quota: QuotaClient
    cache: CacheClient
    efficiency: EfficiencyClient


@asynccontextmanager
async def dashboard_world(
    directory: Path, *, authentication: Literal["none", "keys"] = "none", calls: int = CALLS
) -> AsyncIterator[DashboardWorld]:
    """Everything has settled when it is given."""
    async with SimulatedProvider(SimulatorSettings()) as provider:
        for name in ("ANTHROPIC", "OPENAI"):
            os.environ[f"BURSAR_EDGE_{name}_URL"] = provider.address
        settings = ProcessSettings(
            data_dir=directory, authentication=authentication, log_level="WARNING"
        )
        async with hosting(settings, modules_for(HOSTED, settings)) as hosted:
            edge: Any = hosted.process.services["edge"]
            client = hosted.process.peers.client
            world = DashboardWorld(edge.url, client("quota"), client("cache"), client("efficiency"))
            await _set_limits(world.quota)
            if authentication == "none":
                await _call(world.url, calls)
                await edge.settled()
            yield world


async def _set_limits(quota: QuotaClient) -> None:
    selects = quota_pb2.Selector
    for limit_id, selector, meter, amount in (
        ("all-spend", selects(), quota_pb2.METER_COST_NANO_USD, 60_000_000),
        ("haiku-tokens", selects(model=_MODELS[0]), quota_pb2.METER_TOTAL_TOKENS, 20_000),
        ("intern", selects(agent_id="intern"), quota_pb2.METER_REQUESTS, INTERN_CALLS_MAX),
    ):
        limit = quota_pb2.Limit(
            limit_id=limit_id, selector=selector, meter=meter, window=_DAY, amount=amount
        )
        await quota.put_limit(quota_pb2.PutLimitRequest(limit=limit, author="test", reason="test"))


async def _call(url: str, calls: int) -> None:
    """Both formats, repeats, a task, an agent that runs into its limit."""
    async with aiohttp.ClientSession() as session:
        for number in range(calls):
            body = {
                "model": _MODELS[number % 2],
                "max_tokens": 128,
                "temperature": 0,
                "messages": [
                    {"role": "user", "content": f"{CONTEXT} What of item {number // 2 % 10}?"}
                ],
            }
            headers = {
                "x-api-key": "simulated",
                "authorization": "Bearer simulated",
                "x-bursar-agent": "intern" if number % 5 == 0 else "clerk",
            }
            if number % 3 == 0:
                headers["x-bursar-task"] = TASK
            path = url + _PATHS[number % 2]
            async with session.post(path, data=json.dumps(body), headers=headers) as response:
                await response.read()
