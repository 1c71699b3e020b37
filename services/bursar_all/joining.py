"""A command's way to the services: those at the addresses in the environment, else the instance of
its data directory, started when there is none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import grpc

from bursar.broker import ensure_instance
from bursar.clients.efficiency import EfficiencyClient, RemoteEfficiency
from bursar.clients.executor import ExecutorClient, RemoteExecutor
from bursar.clients.planner import PlannerClient, RemotePlanner
from bursar.clients.quota import QuotaClient, RemoteQuota
from bursar.rpc.calling import channel_to
from bursar.secret import Secret
from bursar.wiring.peers import PEER_VARIABLE_PREFIX, peer_address
from bursar.wiring.settings import ProcessSettings
from bursar_all.presented import presented_key

GRPC_ADDRESS = "grpc_address"
# An instance that a command started for itself goes when nobody has asked it anything for this
# long.
IDLE_EXIT_S = 30.0


class Connection:
    """The services as remote clients. `address_of` tells `host:port` by name; calls present `key`,
    where there is one.
    """

    def __init__(self, address_of: Callable[[str], str], key: Secret | None = None) -> None:
        self._address_of = address_of
        self._key = key
        self._channels: dict[str, grpc.aio.Channel] = {}
        self.efficiency: EfficiencyClient = RemoteEfficiency(self._channel("efficiency"))
        self.executor: ExecutorClient = RemoteExecutor(self._channel("executor"))
        self.planner: PlannerClient = RemotePlanner(self._channel("planner"))
        self.quota: QuotaClient = RemoteQuota(self._channel("quota"))

    def _channel(self, name: str) -> grpc.aio.Channel:
        address = self._address_of(name)
        if address not in self._channels:
            self._channels[address] = channel_to(address, self._key)
        return self._channels[address]

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close(grace=None)


@asynccontextmanager
async def joined(settings: ProcessSettings) -> AsyncIterator[Connection]:
    """The services that BURSAR_PEER_… names, where it does; else the running instance, or one that
    is started in the background and ends when left idle.
    """
    if any(name.startswith(PEER_VARIABLE_PREFIX) for name in os.environ):
        address_of: Callable[[str], str] = peer_address
    else:
        address = await _instance_address(settings)
        address_of = lambda _: address  # noqa: E731 - one address for all of them
    connection = Connection(address_of, presented_key(settings))
    try:
        yield connection
    finally:
        await connection.close()


async def _instance_address(settings: ProcessSettings) -> str:
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
    return instance.address(GRPC_ADDRESS)
