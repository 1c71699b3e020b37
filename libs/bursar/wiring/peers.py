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
        self,
        addresses: Mapping[str, str] | None = None,
        key: Secret | None = None,
        own_address: str = "",
    ) -> None:
        self.own_address = own_address
        self._addresses = dict(addresses or {})
        self._key = key
        self._clients: dict[str, Any] = {}
        self._replicas: dict[tuple[str, str], Any] = {}
        self._channels: list[grpc.aio.Channel] = []

    def host(self, name: str, service: object) -> None:
        """Makes `service` what `client(name)` answers with."""
        contract = CONTRACTS.get(name)
        self._clients[name] = service if contract is None else InProcessClient(contract, service)

    def client(self, name: str) -> Any:
        known = self._clients.get(name)
        if known is not None:
            return known
        self._clients[name] = self.at(name, self._addresses.get(name) or peer_address(name))
        return self._clients[name]

    def at(self, name: str, address: str) -> Any:
        found = self._replicas.get((name, address))
        if found is None:
            channel = channel_to(address, self._key)
            found = self._replicas[name, address] = REMOTES[name](channel)
            self._channels.append(channel)
        return found

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close(grace=None)
