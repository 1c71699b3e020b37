"""How fast quota decides, durably, on a real broker that syncs every write.

    python benchmarks/quota.py

Every call meets six limits. The embedded broker runs in a temporary directory.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

for folder in ("libs", "services"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

import contract  # noqa: E402
import quota_attack  # noqa: E402
import quota_remote  # noqa: E402
import quota_state  # noqa: E402
import uvloop  # noqa: E402
from quota_loads import AMOUNT, put_limits, reserve_request, settle_request  # noqa: E402

from bursar.broker import EmbeddedBroker  # noqa: E402
from bursar.clients.quota import QuotaClient  # noqa: E402
from bursar.eventlog.chain import DecidedChain  # noqa: E402
from bursar.eventlog.jetstream import JetStreamLog  # noqa: E402
from bursar.eventlog.log import Cursor, EventLog  # noqa: E402
from bursar.eventlog.nats_access import Access  # noqa: E402
from bursar.eventlog.projection import Projection  # noqa: E402
from bursar.eventlog.tentative import Untracked  # noqa: E402
from bursar_quota.domain.calls import Attribution, Target  # noqa: E402
from bursar_quota.domain.commands import PutLimit, Stamp  # noqa: E402
from bursar_quota.domain.limits import Limit, Selector  # noqa: E402
from bursar_quota.domain.meters import Amounts, Meter  # noqa: E402
from bursar_quota.domain.reading import check  # noqa: E402
from bursar_quota.domain.state import State  # noqa: E402
from bursar_quota.domain.terms import Now  # noqa: E402
from bursar_quota.domain.windows import WindowKind  # noqa: E402
from bursar_quota.projection import QuotaDecider  # noqa: E402
from bursar_quota.service import QuotaService  # noqa: E402
from bursar_quota.wire import USAGE  # noqa: E402

RUNS = 3
PAIRS = 20_000
IN_FLIGHT = 64
MANY_LIMITS = 10_000
CHECKS = 20_000


def measure() -> dict[str, float]:
    """Medians of three runs, each on a log of its own."""
    found = [
        {**uvloop.run(_measured()), **uvloop.run(quota_remote.figures()), **quota_state.figures()}
        for _ in range(RUNS)
    ]
    figures = {name: statistics.median(run[name] for run in found) for name in found[0]}
    ratio = contract.median_of(RUNS, _cost_of_many_limits)
    attacked = asyncio.run(quota_attack.figures())
    return {**figures, "cost_per_call_10k_limits_ratio": ratio, **attacked}


async def _measured() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as data_dir:
        async with EmbeddedBroker.owning(Path(data_dir)) as broker:
            own = broker.credentials
            log = JetStreamLog(Access((broker.url,), user=own.user, password=own.password))
            try:
                async with _serving(log) as quota:
                    pairs_per_s, reserve_p99_ms = await _pairs(quota)
                replay_events_per_s = await _replay(log)
            finally:
                await log.close()
    return {
        "inprocess_pairs_per_s": pairs_per_s,
        "inprocess_reserve_p99_ms": reserve_p99_ms,
        "replay_events_per_s": replay_events_per_s,
    }


@asynccontextmanager
async def _serving(log: EventLog) -> AsyncIterator[QuotaService]:
    quota = QuotaService(log)
    running = asyncio.ensure_future(quota.run())
    await quota.ready()
    await put_limits(quota)
    yield quota
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def _pairs(quota: QuotaClient) -> tuple[float, float]:
    """Pairs a second with 64 callers, each of which waits for both answers; p99 of a reserve."""
    latencies_s: list[float] = []
    numbers = iter(range(PAIRS))

    async def work() -> None:
        for number in numbers:
            began_s = time.perf_counter()
            held = await quota.reserve(reserve_request(f"pair-{number}"))
            latencies_s.append(time.perf_counter() - began_s)
            await quota.settle(settle_request(f"pair-{number}", held.reservation_id))

    began_s = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    pairs_per_s = PAIRS / (time.perf_counter() - began_s)
    return pairs_per_s, statistics.quantiles(latencies_s, n=100)[98] * 1000


async def _replay(log: EventLog) -> float:
    """Events a second: read, verify, decode, fold."""
    decider, undo, events = QuotaDecider(), Untracked(), 0

    def apply(state: State, event_bytes: bytes, number: int) -> State:
        nonlocal events
        event = decider.decode(event_bytes, number)
        if event is not None:
            decider.evolve(state, event, undo)
        events = number
        return state

    projection = Projection(State(), DecidedChain(Cursor(USAGE)), apply)
    tail = await log.tail(USAGE)
    gc.disable()  # what is read stays: there is nothing to collect
    began_s = time.perf_counter()
    await projection.catch_up(log, tail.sequence)
    took_s = time.perf_counter() - began_s
    gc.enable()
    return events / took_s


def _cost_of_many_limits() -> float:
    """A judgement among 10,000 limits of which 6 match, over one among 6."""
    few, many = _judging(0), _judging(MANY_LIMITS)
    return many / few


def _judging(others: int) -> float:
    decider, state, undo = QuotaDecider(), State(), Untracked()
    selectors = [Selector() for _ in range(6)]
    selectors += [Selector(user_id=f"u{number}") for number in range(others)]
    for number, selector in enumerate(selectors):
        limit = Limit(f"l{number}", selector, Meter.COST_NANO_USD, WindowKind.DAY, AMOUNT)
        order = PutLimit(Stamp(f"o{number}", b""), limit=limit)
        for event in decider.decide(state, order, 1).events:
            decider.evolve(state, event, undo)
    now = Now(2, decider.terms)
    asked = Attribution("acme", user_id="ann"), Target("anthropic"), Amounts(1, 2, 3, 4)
    began_s = time.perf_counter()
    for _ in range(CHECKS):
        check(state, *asked, now)
    return time.perf_counter() - began_s


if __name__ == "__main__":
    sys.exit(0 if contract.write("quota", measure()) else 1)
