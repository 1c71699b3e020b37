"""A demonstration that adds up: calls through the edge, and the ledger held against the provider's
own account of what it served.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import click

from bursar.clients.efficiency import EfficiencyClient
from bursar.clients.quota import QuotaClient
from bursar.efficiency.v1 import efficiency_pb2
from bursar.money import format_usd
from bursar.quota.v1 import quota_pb2
from bursar.wiring.run import hosting
from bursar.wiring.settings import ProcessSettings
from bursar_all.rendering.report import show_report
from bursar_all.targets import modules
from bursar_simulator.simulated_provider import SimulatedProvider

SEED = 20261124
KEY = "simulated"
AT_ONCE = 8
HOSTED = ("quota", "cache", "efficiency", "edge")
CALL_TIMEOUT_S = 60
LIMITED_AGENT = "intern"
LIMIT_REQUESTS = 8
ANTHROPIC_MODEL, OPENAI_MODEL = "claude-haiku-4-5", "gpt-4o-mini"
QUESTIONS = (
    "Which of these invoices is overdue?",
    "Summarise the incident in two sentences.",
    "Name the three risks of this plan.",
    "What does this function return for an empty list?",
    "Is this SQL safe to run twice?",
)
CONTEXT = "The ledger of the third quarter lists what was bought, by whom and why. " * 150


@dataclass(frozen=True, slots=True)
class Planned:
    """One call of the demonstration."""

    path: str
    body: dict[str, object]
    agent: str


async def demonstrate(calls: int) -> bool:
    """Runs it; true when the ledger and the provider agree to the token."""
    with tempfile.TemporaryDirectory(prefix="bursar-demo-") as directory:
        async with SimulatedProvider() as provider:
            _point_the_edge_at(provider.address)
            settings = ProcessSettings.load(data_dir=Path(directory), log_level="WARNING")
            async with hosting(settings, modules(HOSTED)) as hosted:
                peers = hosted.process.peers
                quota: QuotaClient = peers.client("quota")
                efficiency: EfficiencyClient = peers.client("efficiency")
                await _limit(quota)
                url = str(getattr(hosted.process.services["edge"], "url", ""))
                click.echo(f"{calls} calls through {url} to a simulated provider")
                statuses = await _send_all(url, list(_mix(calls)))
                _show_statuses(statuses)
                await hosted.process.services["edge"].drain()
                report = await efficiency.report(
                    efficiency_pb2.ReportRequest(group_by=[efficiency_pb2.DIMENSION_MODEL])
                )
            click.echo("")
            show_report(report, ["model"])
            return _audited(report.totals, provider)


def _point_the_edge_at(address: str) -> None:
    os.environ["BURSAR_EDGE_ANTHROPIC_URL"] = address
    os.environ["BURSAR_EDGE_OPENAI_URL"] = address


async def _limit(quota: QuotaClient) -> None:
    await quota.put_limit(
        quota_pb2.PutLimitRequest(
            limit=quota_pb2.Limit(
                limit_id="intern-requests",
                selector=quota_pb2.Selector(agent_id=LIMITED_AGENT),
                meter=quota_pb2.METER_REQUESTS,
                window=quota_pb2.WINDOW_DAY,
                amount=LIMIT_REQUESTS,
                mode=quota_pb2.MODE_HARD,
            ),
            author="demo",
            reason="a limit that runs out",
        )
    )


def _mix(calls: int) -> Iterator[Planned]:
    """The same calls every time: both formats, streams, repeats, big contexts, a limited agent."""
    draw = random.Random(SEED)
    for number in range(calls):
        question = draw.choice(QUESTIONS)
        if draw.random() < 0.5:
            question = f"{question} (case {number})"
        if draw.random() < 0.3:
            question = f"{CONTEXT}\n\n{question}"
        agent = LIMITED_AGENT if draw.random() < 0.2 else "clerk"
        is_anthropic = draw.random() < 0.5
        body: dict[str, object] = {
            "model": ANTHROPIC_MODEL if is_anthropic else OPENAI_MODEL,
            "max_tokens": 128,
            "temperature": 0,
            "stream": draw.random() < 0.4,
            "messages": [{"role": "user", "content": question}],
        }
        path = "/v1/messages" if is_anthropic else "/v1/chat/completions"
        yield Planned(path, body, agent)


async def _send_all(url: str, planned: list[Planned]) -> Counter[str]:
    statuses: Counter[str] = Counter()
    waiting = asyncio.Queue[Planned]()
    for call in planned:
        waiting.put_nowait(call)
    timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(_work(session, url, waiting, statuses))
    return statuses


async def _work(
    session: aiohttp.ClientSession,
    url: str,
    waiting: asyncio.Queue[Planned],
    statuses: Counter[str],
) -> None:
    while not waiting.empty():
        call = waiting.get_nowait()
        headers = {"x-bursar-agent": call.agent, "x-api-key": KEY, "authorization": f"Bearer {KEY}"}
        data = json.dumps(call.body)
        async with session.post(url + call.path, data=data, headers=headers) as response:
            await response.read()
            statuses[_told(response)] += 1


def _told(response: aiohttp.ClientResponse) -> str:
    if response.status == 400:
        return "denied"
    if response.status != 200:
        return f"answered {response.status}"
    return "from the cache" if response.headers.get("x-bursar-cache") == "hit" else "answered"


def _show_statuses(statuses: Counter[str]) -> None:
    told = (f"{count} {name}" for name, count in sorted(statuses.items()))
    click.echo(", ".join(told))


def _audited(totals: efficiency_pb2.Totals, provider: SimulatedProvider) -> bool:
    """Says whether what the ledger has is what the provider served, and shows both."""
    served = provider.served.totals()[-1]
    sums = {name: served[name] for name in ("calls", "input_tokens", "output_tokens")}
    ours = {
        "calls": totals.calls_made,
        "input_tokens": totals.usage.input_tokens,
        "output_tokens": totals.usage.output_tokens,
    }
    click.echo("\naudit: the ledger against what the provider says it served")
    for name, theirs in sums.items():
        mark = "equal" if ours[name] == theirs else "DIFFERENT"
        click.echo(f"  {name:<15}{ours[name]:>12,}{theirs:>12}  {mark}")
    click.echo(f"  {'spent':<15}{format_usd(totals.cost_nano_usd):>12}  (list prices, notional)")
    return ours == sums
