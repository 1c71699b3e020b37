"""A command's way to the services: the instance of its data directory, started when there is
none.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bursar.broker import Instance, ensure_instance
from bursar.clients.efficiency import EfficiencyClient, RemoteEfficiency
from bursar.clients.executor import ExecutorClient, RemoteExecutor
from bursar.clients.planner import PlannerClient, RemotePlanner
from bursar.clients.quota import QuotaClient, RemoteQuota
from bursar.rpc.calling import channel_to
from bursar.wiring.settings import ProcessSettings

GRPC_ADDRESS = "grpc_address"
EDGE_URL = "edge_url"
# An instance that a command started for itself goes when nobody has asked it anything for this
# long.
IDLE_EXIT_S = 30.0


class Connection:
    """The services of one instance, as remote clients."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._channel = channel_to(instance.address(GRPC_ADDRESS))
        self.efficiency: EfficiencyClient = RemoteEfficiency(self._channel)
        self.executor: ExecutorClient = RemoteExecutor(self._channel)
        self.planner: PlannerClient = RemotePlanner(self._channel)
        self.quota: QuotaClient = RemoteQuota(self._channel)

    async def close(self) -> None:
        await self._channel.close(grace=None)


@asynccontextmanager
async def joined(settings: ProcessSettings) -> AsyncIterator[Connection]:
    """The running instance, or one that is started in the background and ends when left idle."""
    command = [
        sys.executable,
        "-m",
        "bursar_all",
        "up",
        "--data-dir",
        str(settings.data_dir),
        "--idle-exit-s",
        str(IDLE_EXIT_S),
    ]
    instance = await ensure_instance(settings.data_dir, command, settings.start_timeout_s)
    connection = Connection(instance)
    try:
        yield connection
    finally:
        await connection.close()
