"""The executor's row in the table of services."""

from __future__ import annotations

from bursar.wiring.module import Ground, Module, Peers
from bursar_executor.backends.registry import Registry
from bursar_executor.service import ExecutorService
from bursar_executor.settings import ExecutorSettings
from bursar_executor.tasks.collaborators import Collaborators


def build(ground: Ground, peers: Peers) -> ExecutorService:
    """It asks quota, planner, cache and compressor."""
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
    return ExecutorService(ground, settings, team)


MODULE = Module("executor", needs=("quota", "planner", "cache", "compressor"), build=build)
