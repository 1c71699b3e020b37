"""All services of one process over a log in memory, and what tests of tasks ask about them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bursar.eventlog.frame import decode
from bursar.eventlog.log import Cursor, EventLog, Record
from bursar.eventlog.stream import StreamId
from bursar.events.v1 import event_pb2, tasks_pb2, usage_pb2
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.wiring.module import Ground, Module, Peers
from bursar.wiring.process import Process, ProcessPlan, running
from bursar_all.targets import modules
from bursar_cache.service import CacheService
from bursar_cache.settings import CacheSettings
from bursar_executor.service import ExecutorService

SERVICES = ("quota", "cache", "compressor", "planner", "executor", "efficiency")
ANN = ledger_pb2.Attribution(tenant_id="acme", user_id="user_ann")
WAIT_S = 30.0
FAILED_LOG = b"""\
============================= test session starts ==============================
collected 2 items

test_cart.py F.                                                          [100%]

=================================== FAILURES ===================================
__________________________________ test_total __________________________________

    def test_total():
>       assert 1 == 2
E       assert 1 == 2

test_cart.py:2: AssertionError
=========================== short test summary info ============================
FAILED test_cart.py::test_total - assert 1 == 2
========================= 1 failed, 1 passed in 0.02s ==========================
"""


@dataclass
class Office:
    """The clients of one process, and its executor itself."""

    process: Process
    ground: Ground

    def __post_init__(self) -> None:
        clients = self.process.peers.client
        self.executor, self.quota = clients("executor"), clients("quota")
        self.efficiency = clients("efficiency")
        service = self.process.services["executor"]
        assert isinstance(service, ExecutorService)
        self.service = service

    async def submitted(self, description: str, **fields: object) -> str:
        """The id of a task that was taken."""
        answer = await self.executor.submit(task_request(description, **fields))
        return answer.task_id

    async def done(self, description: str, **fields: object) -> executor_pb2.TaskResult:
        """The result of a task, once it has one."""
        return (await self.watched(await self.submitted(description, **fields)))[-1].result

    async def watched(self, task_id: str, after: int = 0) -> list[executor_pb2.WatchResponse]:
        """Everything a watcher sees."""
        watch = executor_pb2.WatchRequest(
            tenant_id=ANN.tenant_id, task_id=task_id, after_step_number=after
        )
        async with asyncio.timeout(WAIT_S):
            return [update async for update in self.executor.watch(watch)]


def task_request(
    description: str,
    *,
    files: dict[str, bytes] | None = None,
    needs: Sequence[str] = (),
    model: str = "",
    operation_id: str = "",
    **task: object,
) -> executor_pb2.SubmitRequest:
    """A submission by Ann."""
    return executor_pb2.SubmitRequest(
        operation_id=operation_id,
        attribution=ANN,
        task=planner_pb2.Task(
            description=description, required_capabilities=needs, requested_model=model, **task
        ),
        files=[
            executor_pb2.InputFile(path=path, content=content)
            for path, content in (files or {}).items()
        ],
    )


@asynccontextmanager
async def office(ground: Ground) -> AsyncIterator[Office]:
    """All services, ready. Its cache claims for itself: leases without a broker hold no claims."""
    alone = Module("cache", needs=(), build=_cache_alone)
    parts = [alone if module.name == "cache" else module for module in modules(SERVICES)]
    async with running(ProcessPlan(parts, drain_s=WAIT_S), ground) as process:
        yield Office(process, ground)


def _cache_alone(ground: Ground, peers: Peers) -> CacheService:
    return CacheService(ground, CacheSettings.load())


async def events(log: EventLog, stream: str) -> list[event_pb2.Event]:
    """All events of a stream, in order."""
    stream_id = StreamId(stream)
    tail = await log.tail(stream_id)
    found = []
    for sequence in range(1, tail.sequence + 1):
        record = await log.get(stream_id, sequence)
        frame = decode(record.frame, stream_id, sequence)
        found += map(event_pb2.Event.FromString, frame.events)
    return found


async def kinds(log: EventLog, stream: str) -> list[str]:
    """What happened, in order."""
    return [event.kind for event in await events(log, stream)]


async def happened(log: EventLog, stream: str, kind: str) -> None:
    """Returns once an event of that kind is in the stream."""
    stream_id, seen = StreamId(stream), asyncio.Event()

    def receive(record: Record) -> None:
        for event in decode(record.frame, stream_id, record.sequence).events:
            if event_pb2.Event.FromString(event).kind == kind:
                seen.set()

    following = asyncio.ensure_future(log.follow(Cursor(stream_id), receive))
    async with asyncio.timeout(WAIT_S):
        await seen.wait()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def settlements(log: EventLog) -> list[usage_pb2.Settled]:
    """What was settled, in order."""
    return [
        usage_pb2.Settled.FromString(event.payload)
        for event in await events(log, "usage")
        if event.kind == "usage.settled"
    ]


async def recorded_steps(log: EventLog) -> list[tasks_pb2.StepRecord]:
    """The steps of all tasks, as the log has them."""
    return [
        step
        for event in await events(log, "tasks")
        if event.kind == "task.steps_recorded"
        for step in tasks_pb2.StepsRecorded.FromString(event.payload).steps
    ]


def step_names(updates: Sequence[executor_pb2.WatchResponse]) -> list[str]:
    """`plan completed` and the like, in the order in which a watcher saw them."""
    return [
        f"{executor_pb2.StepName.Name(update.step.name).removeprefix('STEP_NAME_')}"
        f" {executor_pb2.StepState.Name(update.step.state).removeprefix('STEP_STATE_')}".lower()
        for update in updates
        if update.HasField("step")
    ]


def isolate(monkeypatch, data_dir: Path) -> None:
    """Nothing of this machine's providers, servers or settings is seen."""
    for name in (
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
        "GEMINI_API_KEY",
        "ANTHROPIC_BASE_URL",
        "OPENAI_BASE_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BURSAR_EXECUTOR_LOCAL_SERVERS", "{}")
    monkeypatch.setenv("BURSAR_CACHE_DISK_FREE_PCT_MIN", "0")
    monkeypatch.setenv("BURSAR_DATA_DIR", str(data_dir))
