"""The executor's row in the table of services."""

from __future__ import annotations

from bursar.wiring.module import Ground, Module, Peers
from bursar_executor.backends.registry import Registry
from bursar_executor.service import STREAM, ExecutorService
from bursar_executor.settings import ExecutorSettings
from bursar_executor.tasks.collaborators import Collaborators


def build(ground: Ground, peers: Peers) -> ExecutorService:
    """It asks quota, planner, cache and compressor; one replica owns the tasks."""
    settings = ExecutorSettings.load()
    team = Collaborators(
        quota=peers.client("quota"),
        planner=peers.client("planner"),
        cache=peers.client("cache"),
        compressor=peers.client("compressor"),
        backends=Registry(settings),
        blobs=ground.blobs,
        clock=ground.clock,
        is_local=settings.is_local,
    )
    leases = ground.leases
    lease = None if leases is None else leases.of(STREAM, peers.own_address)
    return ExecutorService(ground, settings, team, lease)


MODULE = Module(
    "executor",
    needs=("quota", "planner", "cache", "compressor"),
    build=build,
    is_replicated=True,
)
