"""Of several replicas one owns the tasks; the others ask it, and take over what it leaves."""

import asyncio
from dataclasses import dataclass, field

import pytest

from bursar.errors import Unavailable
from bursar.executor.v1 import executor_pb2
from bursar.quota.v1 import quota_pb2
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider
from executor_parts import (
    ANN,
    FAILED_LOG,
    WAIT_S,
    isolate,
    kinds,
    office,
    settlements,
)
from memory_ground import memory_ground

COMPLETED, FAILED = executor_pb2.TASK_STATE_COMPLETED, executor_pb2.TASK_STATE_FAILED
GPT = "gpt-4o"


@dataclass
class Turns:
    """Who holds which stream's lease, in one process: first come, first served."""

    leases: list["TurnLease"] = field(default_factory=list)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    def of(self, stream, address, seats=None):
        lock = self.locks.setdefault(stream.name, asyncio.Lock())
        lease = TurnLease(self, stream.name, address, lock)
        self.leases.append(lease)
        return lease

    def seats(self, service, address):
        return None

    def held(self, stream):
        """The lease on `stream` that is held."""
        return next(lease for lease in self.leases if lease.stream == stream and lease.is_held)

    def tell(self, stream, holder):
        """All others of the stream see who leads now."""
        for lease in self.leases:
            if lease.stream == stream and lease is not holder:
                lease.leader = holder.address
                lease.led_elsewhere.set()


@dataclass
class TurnLease:
    turns: Turns
    stream: str
    address: str
    lock: asyncio.Lock
    leader: str = ""
    is_held: bool = False
    led_elsewhere: asyncio.Event = field(default_factory=asyncio.Event)
    contested: asyncio.Event = field(default_factory=asyncio.Event)

    async def acquire(self):
        if self.lock.locked():
            self.turns.tell(self.stream, self.turns.held(self.stream))
        await self.lock.acquire()
        self.is_held, self.leader = True, ""
        self.led_elsewhere.clear()
        self.turns.tell(self.stream, self)

    async def release(self):
        if self.is_held:
            self.is_held = False
            self.lock.release()


@pytest.fixture
async def provider(monkeypatch):
    async with SimulatedProvider(SimulatorSettings(host="127.0.0.1", port=0)) as simulated:
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        monkeypatch.setenv("OPENAI_BASE_URL", simulated.address)
        monkeypatch.setenv("BURSAR_OPENAI_MODEL", GPT)
        yield simulated


@pytest.fixture
async def replicas(tmp_path, monkeypatch, provider):
    """The owner and a standby on one log, and who has the leases."""
    isolate(monkeypatch, tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", provider.address)
    turns = Turns()
    ground = memory_ground(tmp_path, leases=turns)
    async with office(ground) as owner, office(ground) as standby:
        yield owner, standby, turns


async def test_a_standby_takes_tasks_that_the_owner_does(replicas):
    owner, standby, _ = replicas

    result = await standby.done("why did this fail", files={"-": FAILED_LOG})

    assert result.state == COMPLETED
    assert owner.service.leader_of(executor_pb2.GetRequest()) == ""
    assert standby.service.leader_of(executor_pb2.GetRequest()) != ""
    assert standby.service.leader_of(executor_pb2.GenerateRequest()) == ""
    assert (await kinds(owner.ground.log, "tasks")).count("task.ended") == 1


async def test_a_task_whose_owner_loses_its_lease_goes_over_and_ends_once(replicas, provider):
    owner, standby, turns = replicas
    task_id = await owner.submitted("Tell me [simulate: never]", model=GPT)
    async with asyncio.timeout(WAIT_S):
        await provider.until(lambda: provider.calls_in_flight == 1)

    await turns.held("tasks").release()
    result = await ended(standby, task_id)

    assert result.state == FAILED
    assert result.error_reason in ("OUTCOME_UNKNOWN", "INTERRUPTED")
    assert (await kinds(standby.ground.log, "tasks")).count("task.ended") == 1
    (settled,) = await settlements(standby.ground.log)
    assert settled.outcome == quota_pb2.OUTCOME_UNKNOWN
    assert len(provider.served.calls) + provider.calls_in_flight == 1


async def ended(office, task_id):
    """The result, asked for until this replica owns the tasks and has it."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                found = [update async for update in office.executor.watch(watch_of(task_id))]
                if found and found[-1].HasField("result"):
                    return found[-1].result
            except Unavailable:
                pass
            await asyncio.sleep(0.02)


def watch_of(task_id):
    return executor_pb2.WatchRequest(tenant_id=ANN.tenant_id, task_id=task_id)
