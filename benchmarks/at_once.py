"""A model that answers at once, in place of all that can do work in an executor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.wiring.module import Ground, Module, Peers
from bursar_all.targets import modules
from bursar_executor.backends.backend import Hold, Job, Outcome
from bursar_executor.service import ExecutorService
from bursar_executor.settings import ExecutorSettings
from bursar_executor.tasks.collaborators import Collaborators

SERVICES = ("quota", "cache", "compressor", "planner")
USED = ledger_pb2.TokenUsage(input_tokens=10, output_tokens=10)
HOLD = Hold(ledger_pb2.Amounts(requests=1, input_tokens=20, output_tokens=50), None)


@dataclass(frozen=True, slots=True)
class Answered:
    """Work that is done as soon as it is begun."""

    hold: Hold = HOLD

    async def done(self) -> Outcome:
        return Outcome("answered", text="done", usage=USED, answered_by_model=AtOnce.MODEL)


class AtOnce:
    """Satisfies what the executor asks of its registry, and is the one backend in it."""

    MODEL = "at-once"
    backend_id = f"local/{MODEL}"
    model = MODEL
    is_repeatable = True
    start_allowance_s = 0.0
    described = planner_pb2.Backend(
        backend_id=backend_id,
        target=ledger_pb2.Target(
            provider="local", model=MODEL, tier=ledger_pb2.BACKEND_TIER_LOCAL_MODEL
        ),
        capabilities=["debugging"],
        is_available=True,
    )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    async def describe(
        self, task: planner_pb2.Task, paths: Sequence[str], *, has_logs: bool
    ) -> list[planner_pb2.Backend]:
        return [self.described]

    async def model_named(self, name: str) -> AtOnce:
        return self

    def by_id(self, backend_id: str) -> AtOnce:
        return self

    async def version(self, origin: Path | None) -> str:
        return self.MODEL

    def input_tokens_max(self, output_tokens: int) -> int:
        return 100_000

    async def prepared(self, job: Job) -> Answered:
        return Answered()


def modules_with_an_instant_model() -> list[Module]:
    """The services of a task, with an executor that knows no other backend."""
    (executor,) = modules(("executor",))
    return [*modules(SERVICES), replace(executor, build=_build)]


def _build(ground: Ground, peers: Peers) -> ExecutorService:
    team = Collaborators(
        quota=peers.client("quota"),
        planner=peers.client("planner"),
        cache=peers.client("cache"),
        compressor=peers.client("compressor"),
        backends=AtOnce(),
        blobs=ground.blobs,
        clock=ground.clock,
    )
    return ExecutorService(ground, ExecutorSettings.load(), team)
