"""A coding CLI, unmodified, through the edge, on a real broker: what it takes is in the ledger."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bursar.eventlog.jetstream import JetStreamLog
from bursar.eventlog.nats_access import Access
from bursar.quota.v1 import quota_pb2
from edge_world import EdgeWorld, edge_world
from nats_broker import NatsBroker

pytestmark = [pytest.mark.clients, pytest.mark.broker]

CLAUDE = Path(__file__).parents[2] / "build/clients/node_modules/.bin/claude"
CLAUDE_S = 90.0
PROMPT = "Reply with one word."


@dataclass(frozen=True)
class Run:
    """What a run of the CLI left."""

    exit_code: int
    result: dict[str, Any]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty one, for a CLI that is there."""
    if not CLAUDE.exists():
        pytest.fail(f"{CLAUDE} is not there: run `make build/clients/.installed`, which needs npm")
    place = tmp_path / "home"
    place.mkdir()
    return place


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[EdgeWorld]:
    async with _broker() as log, edge_world(tmp_path / "bursar", log=log) as running:
        yield running


@asynccontextmanager
async def _broker() -> AsyncIterator[JetStreamLog]:
    broker = NatsBroker().start()
    log = JetStreamLog(Access((broker.url,)))
    try:
        yield log
    finally:
        await log.close()
        broker.remove()


async def claude(world: EdgeWorld, home: Path, prompt: str) -> Run:
    """One `claude -p`, its prompt on standard input, in an environment of its own."""
    process = await asyncio.create_subprocess_exec(
        CLAUDE,
        "-p",
        "--output-format",
        "json",
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "ANTHROPIC_BASE_URL": world.url,
            "ANTHROPIC_API_KEY": "sk-ant-none",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        },
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(CLAUDE_S):
            out, error = await process.communicate(prompt.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    assert out, error.decode()
    return Run(process.returncode, json.loads(out))


async def test_claude_code_works_and_its_own_bill_is_the_ledgers(
    world: EdgeWorld, home: Path
) -> None:
    run = await claude(world, home, PROMPT)
    assert run.exit_code == 0, run.result
    assert "SIMULATED" in run.result["result"]
    calls = len(world.provider.served.calls)
    settled = await world.ledger.all_settled(calls)
    assert {name: world.served()[name] for name in world.ledger.totals()} == world.ledger.totals()
    assert {each.outcome for each in settled} == {quota_pb2.OUTCOME_COMPLETED}
    billed = run.result["modelUsage"].values()
    assert sum(model["outputTokens"] for model in billed) == world.ledger.totals()["output_tokens"]


async def test_claude_code_stops_at_the_first_answer_that_a_limit_denies(
    world: EdgeWorld, home: Path
) -> None:
    await world.limit(0, quota_pb2.METER_COST_NANO_USD)
    run = await claude(world, home, PROMPT)
    assert run.exit_code == 1
    assert "Would exceed daily cost limit" in run.result["result"]
    assert len(world.ledger.denied) <= 2  # one for each model it asks
    assert not world.provider.served.calls
