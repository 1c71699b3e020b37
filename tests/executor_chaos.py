"""Tasks that ask a model while their instance and its broker are killed again and again."""

from __future__ import annotations

import asyncio
import random
import re
import signal
import subprocess
import time
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bursar.client import Client
from bursar.efficiency.v1 import efficiency_pb2
from bursar.errors import BursarError
from bursar.executor.v1 import executor_pb2
from bursar.planner.v1 import planner_pb2
from bursar_command import Command
from bursar_simulator.served import Outcome
from bursar_simulator.settings import SimulatorSettings
from bursar_simulator.simulated_provider import SimulatedProvider

GPT = "gpt-4o"
# Long enough that a kill can come between the provider's accept and the outcome.
ANSWERED_SLOWLY = "[simulate: first_byte_s=0.2; chunk_s=0.02; tokens=20]"
AT_ONCE = 8
WAIT_S = 300.0
STEP_S = 0.05
REQUEST_ID = re.compile(r"request (\S+)")
ENDED_KIND, DISPATCHED_KIND, SETTLED_KIND = "task.ended", "usage.dispatched", "usage.settled"


@dataclass(frozen=True)
class Storm:
    """How many tasks and kills, and the seed that decides when and who."""

    tasks: int
    kills: int
    seed: int


@dataclass
class Aftermath:
    """What was counted when all was over."""

    ends_by_task: dict[str, int] = field(default_factory=dict)
    intents: int = 0
    paid_calls: int = 0
    # Settlements on the provider's word: what the ledger has, and what the provider served.
    told: list[tuple[int, int]] = field(default_factory=list)
    served: list[tuple[int, int]] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    kills_in_a_call: int = 0
    resumed_s: list[float] = field(default_factory=list)
    orphans: int = 0

    @property
    def calls_beyond_intents(self) -> int:
        return max(0, self.paid_calls - self.intents)


class Chaos:
    """One data directory through one storm."""

    def __init__(self, storm: Storm, root: Path, provider: SimulatedProvider) -> None:
        self._storm = storm
        self._random = random.Random(storm.seed)
        self._root = root
        self._provider = provider
        self._command = Command(root / "data")
        self._command.environment = {
            "OPENAI_API_KEY": "k",
            "OPENAI_BASE_URL": provider.address,
            "BURSAR_OPENAI_MODEL": GPT,
            "BURSAR_EXECUTOR_TASKS_AT_ONCE_MAX": str(AT_ONCE),
        }
        self._instance: subprocess.Popen[str] | None = None
        self._descendants: set[int] = set()
        self._aftermath = Aftermath()

    async def weathered(self) -> Aftermath:
        """Submits, kills, lets all tasks end, and counts."""
        await self._started()
        async with asyncio.timeout(WAIT_S), asyncio.TaskGroup() as group:
            killing = group.create_task(self._killed())
            numbers = range(self._storm.tasks)
            ended = [group.create_task(self._ended(number)) for number in numbers]
            await killing
        for task in ended:
            self._aftermath.states[task.result()[1]] += 1
        async with self._client() as client:
            for task in ended:
                await self._audit(client, task.result()[0])
        await self._stopped()
        return self._aftermath

    async def _started(self) -> None:
        began_s = time.perf_counter()
        self._instance = await asyncio.to_thread(
            self._command.start, "up", cwd=self._root, stderr=subprocess.DEVNULL
        )
        line = await asyncio.to_thread(self._instance.stdout.readline)
        assert line.startswith("ready"), line
        self._aftermath.resumed_s.append(time.perf_counter() - began_s)

    async def _killed(self) -> None:
        """Kills while calls are under way, or at any moment: the instance with its broker, or the
        broker alone.
        """
        for number in range(self._storm.kills):
            await asyncio.sleep(self._random.uniform(0.0, 0.5))
            if number % 2 == 0:
                await self._provider.until(lambda: self._provider.calls_in_flight > 0)
                await asyncio.sleep(self._random.uniform(0.0, 0.2))
            self._aftermath.kills_in_a_call += self._provider.calls_in_flight > 0
            if number % 4 == 3:
                self._kill_broker()
            else:
                await self._kill_instance()

    def _kill_broker(self) -> None:
        for process in psutil.Process(self._instance.pid).children(recursive=True):
            if process.name() == "nats-server":
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL)

    async def _kill_instance(self) -> None:
        found = psutil.Process(self._instance.pid).children(recursive=True)
        self._descendants |= {process.pid for process in found}
        self._instance.kill()
        await asyncio.to_thread(self._instance.wait)
        self._instance.stdout.close()
        await self._started()

    async def _ended(self, number: int) -> tuple[str, str]:
        """The id and the last state of one task, whoever has to be asked for it."""
        task = planner_pb2.Task(
            description=f"Tell me of {number}. {ANSWERED_SLOWLY}",
            requested_model=GPT,
            complexity_hint=1.0,
        )
        policy = executor_pb2.UnknownOutcomePolicy.ValueType(1 + number % 2)
        request = executor_pb2.SubmitRequest(
            operation_id=f"op-{number}", task=task, unknown_outcome_policy=policy
        )
        while True:
            try:
                async with self._client() as client:
                    submitted = await client.services.executor.submit(request)
                    watch = executor_pb2.WatchRequest(task_id=submitted.task_id)
                    async for update in client.services.executor.watch(watch):
                        if update.HasField("result"):
                            state = executor_pb2.TaskState.Name(update.result.state)
                            return submitted.task_id, state
            except (BursarError, OSError, ValueError):
                pass  # it is dead, or being started again
            await asyncio.sleep(STEP_S)

    @asynccontextmanager
    async def _client(self):
        instance = self._command.instance
        if instance is None:
            raise OSError("nobody is there")
        async with Client.at(instance.address("grpc_address")) as client:
            yield client

    async def _audit(self, client: Client, task_id: str) -> None:
        request = efficiency_pb2.AuditRequest(task_id=task_id)
        audit = await client.services.efficiency.audit(request)
        kinds = Counter(entry.kind for entry in audit.entries)
        self._aftermath.ends_by_task[task_id] = kinds[ENDED_KIND]
        self._aftermath.intents += kinds[DISPATCHED_KIND]
        served = {call.request_id: call.usage for call in self._provider.served.calls}
        for entry in audit.entries:
            named = REQUEST_ID.search(entry.summary)
            if entry.kind == SETTLED_KIND and named and "by provider" in entry.summary:
                usage = served[named.group(1)]
                self._aftermath.told.append((entry.usage.input_tokens, entry.usage.output_tokens))
                self._aftermath.served.append((usage.input_tokens, usage.output_tokens))

    async def _stopped(self) -> None:
        found = psutil.Process(self._instance.pid).children(recursive=True)
        self._descendants |= {process.pid for process in found}
        self._instance.terminate()
        await asyncio.to_thread(self._instance.wait)
        self._instance.stdout.close()
        calls = self._provider.served.calls
        refused = sum(call.outcome is Outcome.REFUSED for call in calls)
        self._aftermath.paid_calls = len(calls) - refused
        left = await asyncio.to_thread(_alive, self._descendants)
        self._aftermath.orphans = len(left)


def _alive(pids: set[int]) -> list[psutil.Process]:
    """Those that are still there after 5 s."""
    processes = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(pid))
    return psutil.wait_procs(processes, timeout=5)[1]


async def weather(storm: Storm, root: Path) -> Aftermath:
    """The storm against a provider of its own."""
    settings = SimulatorSettings(host="127.0.0.1", port=0)
    async with SimulatedProvider(settings) as provider:
        return await Chaos(storm, root, provider).weathered()
