"""The services a client speaks to, wherever they are."""

from __future__ import annotations

from dataclasses import dataclass

import grpc

from bursar.clients.efficiency import EfficiencyClient, RemoteEfficiency
from bursar.clients.executor import ExecutorClient, RemoteExecutor
from bursar.clients.quota import QuotaClient, RemoteQuota


@dataclass(frozen=True, slots=True)
class Services:
    """Clients of the Protocols in `bursar.clients`: remote, or the services themselves."""

    executor: ExecutorClient
    quota: QuotaClient
    efficiency: EfficiencyClient

    @classmethod
    def remote(cls, channel: grpc.aio.Channel) -> Services:
        """All of them behind one address."""
        return cls(RemoteExecutor(channel), RemoteQuota(channel), RemoteEfficiency(channel))
