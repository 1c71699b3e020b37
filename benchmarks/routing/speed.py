"""What a decision, a plan over gRPC and a replay of outcomes take."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc

from bursar.clients.planner import RemotePlanner
from bursar.events.v1 import event_pb2, plans_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.rpc.serving import offer
from bursar_planner import projection, wire
from bursar_planner.domain.backends import Backend, Target
from bursar_planner.domain.learned import learned_v1
from bursar_planner.domain.learned.experience import Experience
from bursar_planner.domain.learned.marks import marks_of
from bursar_planner.domain.learned.state import Decision, Learned, Outcome
from bursar_planner.domain.limits import Limits
from bursar_planner.domain.plan import Question
from bursar_planner.domain.task import Task
from bursar_planner.domain.vocabulary import Tier
from bursar_planner.service import PlannerService
from bursar_planner.settings import PlannerSettings
from memory_ground import memory_ground
from planner_parts import PRICES
from planner_quota import LevelsOnly

RUNS = 3
DECISIONS = 2_000
PLANS = 1_500
AT_ONCE = 16
BATCH = 16
OUTCOMES = 100_000
WORDS = tuple(f"word{number}" for number in range(2_000))
WORDS_A_TASK = 40
ARMS = ("cli/coder", "local/model", "anthropic/opus", "openai/gpt-4")


def measure() -> dict[str, float]:
    """Medians of three runs."""
    found = [{**_decisions(), **asyncio.run(_over_grpc()), **_replay()} for _ in range(RUNS)]
    return {figure: statistics.median(run[figure] for run in found) for figure in found[0]}


def _decisions() -> dict[str, float]:
    """The whole of a learned plan, marks of the words included, with 1,000 outcomes known."""
    coins, learned = random.Random(1), Learned()
    for number in range(1_000):
        decision = _decision(number, coins)
        learned.decided(decision)
        learned.ended(Outcome(decision.plan_id, coins.choice(ARMS), coins.random()))
    took_ns = []
    for number in range(DECISIONS):
        text = _words(coins)
        began_ns = time.perf_counter_ns()
        marks = marks_of(text, "translation", hash_of)
        decision = Decision(f"plan {number}", "acme", "translation", marks, 0.9)
        known = Experience(learned, decision, [coins.random() for _ in range(5)])
        learned_v1.plan(Question(Task(text), _backends(), Limits(), PRICES), known)
        took_ns.append(time.perf_counter_ns() - began_ns)
    took_ns.sort()
    return {
        "decide_p50_ms": took_ns[len(took_ns) // 2] / 1e6,
        "decide_p99_ms": took_ns[len(took_ns) * 99 // 100] / 1e6,
    }


def hash_of(word: str) -> int:
    """Any stable hash will do for speed."""
    return sum(word.encode()) * 2_654_435_761 & 0xFFFFFFFF


async def _over_grpc() -> dict[str, float]:
    async with _served() as planner:
        request = planner_pb2.PlanRequest(
            attribution=ledger_pb2.Attribution(tenant_id="acme"),
            task=planner_pb2.Task(description="Translate this letter into plain English"),
            backends=[_message(backend) for backend in _backends()],
        )
        batch = planner_pb2.PlanManyRequest(requests=[request] * BATCH)
        one = await _rate(lambda: planner.plan(request), PLANS)
        many = await _rate(lambda: planner.plan_many(batch), PLANS // BATCH)
        return {"plans_per_s": one, "plans_batched_per_s": many * BATCH}


async def _rate(ask: Callable[[], Awaitable[object]], asks: int) -> float:
    left = iter(range(asks))

    async def worker() -> None:
        for _ in left:
            await ask()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())
    return asks / (time.perf_counter() - began)


@asynccontextmanager
async def _served() -> AsyncIterator[RemotePlanner]:
    with tempfile.TemporaryDirectory() as data_dir:
        settings = PlannerSettings.load(price_set="founding-2024")
        service = PlannerService(memory_ground(Path(data_dir)), settings, LevelsOnly())
        server = grpc.aio.server()
        offer(server, planner_pb2.DESCRIPTOR.services_by_name["PlannerService"], service)
        port = server.add_insecure_port("127.0.0.1:0")
        run = asyncio.ensure_future(service.run())
        await service.ready()
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield RemotePlanner(channel)
        await server.stop(None)
        await service.drain()
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


def _replay() -> dict[str, float]:
    """Plans and outcomes as they lie in the log, decoded and folded."""
    coins = random.Random(2)
    events = []
    for number in range(OUTCOMES):
        decision = _decision(number, coins)
        made = plans_pb2.PlanMade(marks=decision.marks.tobytes())
        made.plan.plan_id = decision.plan_id
        made.plan.decision.task_class = decision.task_class
        made.plan.decision.quality_target = decision.target
        outcome = plans_pb2.PlanOutcomeKnown(
            plan_id=decision.plan_id, backend_id=coins.choice(ARMS), quality=coins.random()
        )
        for kind, payload in ((wire.MADE, made), (wire.OUTCOME, outcome)):
            event = event_pb2.Event(
                kind=kind, tenant_id="acme", payload=payload.SerializeToString()
            )
            events.append(event.SerializeToString())
    learned, began = Learned(), time.perf_counter()
    for number, event in enumerate(events):
        learned = projection.apply(learned, event, number)
    return {"replay_100k_s": time.perf_counter() - began}


def _decision(number: int, coins: random.Random) -> Decision:
    task_class = f"class{number % 20}"
    marks = marks_of(_words(coins), task_class, hash_of)
    return Decision(f"plan {number}", "acme", task_class, marks, 0.9)


def _words(coins: random.Random) -> str:
    return " ".join(coins.choices(WORDS, k=WORDS_A_TASK))


def _backends() -> tuple[Backend, ...]:
    tiers = (Tier.LOGIN_CLI, Tier.LOCAL_MODEL, Tier.PAID_API, Tier.PAID_API)
    return tuple(
        Backend(name, Target(*name.split("/"), tier), ("translation",))
        for name, tier in zip(ARMS, tiers, strict=True)
    )


def _message(backend: Backend) -> planner_pb2.Backend:
    return planner_pb2.Backend(
        backend_id=backend.backend_id,
        target=ledger_pb2.Target(
            provider=backend.target.provider,
            model=backend.target.model,
            tier=ledger_pb2.BackendTier.ValueType(backend.target.tier),
        ),
        capabilities=backend.capabilities,
        is_available=True,
    )
