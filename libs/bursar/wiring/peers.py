"""Finds the services a service needs: in this process, else at their address."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import grpc

from bursar.clients.remote import CONTRACTS, REMOTES
from bursar.rpc.calling import channel_to
from bursar.secret import Secret
from bursar.wiring.in_process import InProcessClient
from bursar.wiring.module import Service

SERVICE_PORT = 7700
PEER_VARIABLE_PREFIX = "BURSAR_PEER_"


def peer_address(name: str, environment: Mapping[str, str] | None = None) -> str:
    """`host:port` of service `name`: BURSAR_PEER_QUOTA, else its name in compose and Kubernetes."""
    variables = os.environ if environment is None else environment
    return variables.get(PEER_VARIABLE_PREFIX + name.upper(), f"{name}:{SERVICE_PORT}")


class ProcessPeers:
    """The peers of one process. Channels are opened on first use and closed with the process.

    Calls over them present `key`, where there is one.
    """

    def __init__(
        self, addresses: Mapping[str, str] | None = None, key: Secret | None = None
    ) -> None:
        self._addresses = dict(addresses or {})
        self._key = key
        self._clients: dict[str, Any] = {}
        self._channels: list[grpc.aio.Channel] = []

    def host(self, name: str, service: Service) -> None:
        """Makes `service` what `client(name)` answers with."""
        contract = CONTRACTS.get(name)
        self._clients[name] = service if contract is None else InProcessClient(contract, service)

    def client(self, name: str) -> Any:
        known = self._clients.get(name)
        if known is not None:
            return known
        channel = channel_to(self._addresses.get(name) or peer_address(name), self._key)
        self._channels.append(channel)
        self._clients[name] = REMOTES[name](channel)
        return self._clients[name]

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close(grace=None)
