"""One process and the services it hosts: built in order, served over gRPC, drained in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from bursar.clients.remote import CONTRACTS
from bursar.errors import FailedPrecondition, Unavailable
from bursar.rpc.activity import Activity
from bursar.rpc.authentication import Entrance
from bursar.rpc.forwarding import Forwarding, Replicated
from bursar.rpc.liveness import ALIVE
from bursar.rpc.serving import CHANNEL_OPTIONS, offer
from bursar.secret import Secret
from bursar.wiring.graph import rising_order
from bursar.wiring.module import Ground, Module, Service
from bursar.wiring.peers import ProcessPeers

READY_TIMEOUT_S = 120.0
DRAIN_TIMEOUT_S = 10.0
STOP_GRACE_S = 2.0
CONCURRENT_CALLS_MAX = 4096

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """What a process hosts and where it listens. Port 0 takes any free one.

    advertised: the host, or host and port, by which other processes reach it; empty where that is
    as it listens.
    entrance: what requests from outside pass. service_key: what calls to peers elsewhere present.
    """

    modules: Sequence[Module]
    host: str = "127.0.0.1"
    port: int = 0
    advertised: str = ""
    peer_addresses: dict[str, str] = field(default_factory=dict)
    drain_s: float = DRAIN_TIMEOUT_S
    entrance: Entrance | None = None
    service_key: Secret | None = None


@dataclass(frozen=True, slots=True)
class Process:
    """A process whose services have all caught up with the log."""

    address: str
    peers: ProcessPeers
    services: dict[str, Service]
    health: health.aio.HealthServicer
    activity: Activity


@asynccontextmanager
async def running(plan: ProcessPlan, ground: Ground) -> AsyncIterator[Process]:
    """Hosts `plan.modules` for the block; enters only after every service is ready.

    Leaving drains: health says NOT_SERVING first, then services end what is in flight in reverse
    order, then the port closes. A service that fails ends the block with its error.
    """
    server = grpc.aio.server(options=CHANNEL_OPTIONS, maximum_concurrent_rpcs=CONCURRENT_CALLS_MAX)
    address = f"{plan.host}:{_listen(server, plan)}"
    peers = ProcessPeers(plan.peer_addresses, plan.service_key, _advertised(plan, address))
    services: dict[str, Service] = {}
    offered: dict[str, object] = {}
    for module in rising_order(plan.modules):
        services[module.name] = module.build(ground, peers)
        offered[module.name] = services[module.name]
        if module.is_replicated and ground.leases is not None:
            offered[module.name] = _front(module.name, services[module.name], peers)
        peers.host(module.name, offered[module.name])
    health_servicer = _offer_all(server, offered, ground.activity, plan.entrance)
    process = Process(address, peers, services, health_servicer, ground.activity)
    await _set_health(process, health_pb2.HealthCheckResponse.NOT_SERVING)
    await health_servicer.set(ALIVE, health_pb2.HealthCheckResponse.SERVING)
    try:
        async with asyncio.TaskGroup() as group:
            runs = [
                group.create_task(service.run(), name=f"run {name}")
                for name, service in services.items()
            ]
            await server.start()
            await _all_ready(services)
            await _set_health(process, health_pb2.HealthCheckResponse.SERVING)
            try:
                yield process
            finally:
                await _drain(process, plan.drain_s)
                await server.stop(STOP_GRACE_S)
                for run in runs:
                    run.cancel()
    finally:
        await server.stop(None)
        await peers.close()


def _advertised(plan: ProcessPlan, address: str) -> str:
    """With the port that was taken, where the plan names a host alone (IPv6 in brackets)."""
    has_port = ":" in plan.advertised.rpartition("]")[2]
    if not plan.advertised or has_port:
        return plan.advertised or address
    return f"{plan.advertised}:{address.rpartition(':')[2]}"


def _front(name: str, service: Service, peers: ProcessPeers) -> object:
    """What answers for a service of which there may be others: it itself, or what asks the replica
    that leads.
    """
    return Forwarding(CONTRACTS[name], cast(Replicated, service), partial(peers.at, name))


def _offer_all(
    server: grpc.aio.Server,
    offered: Mapping[str, object],
    activity: Activity,
    entrance: Entrance | None,
) -> health.aio.HealthServicer:
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    names = [health.SERVICE_NAME, reflection.SERVICE_NAME]
    for name, service in offered.items():
        if name in CONTRACTS:
            offer(server, CONTRACTS[name], service, activity, entrance)
            names.append(CONTRACTS[name].full_name)
    reflection.enable_server_reflection(names, server)
    return health_servicer


def _listen(server: grpc.aio.Server, plan: ProcessPlan) -> int:
    try:
        return server.add_insecure_port(f"{plan.host}:{plan.port}")
    except RuntimeError:
        raise FailedPrecondition(
            f"port {plan.port} of {plan.host} cannot be listened on; another process may have it",
            facts={"host": plan.host, "port": plan.port},
        ) from None


async def _all_ready(services: dict[str, Service]) -> None:
    for name, service in services.items():
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await service.ready()
        except TimeoutError:
            raise Unavailable(
                f"{name} had not caught up with the log after {READY_TIMEOUT_S:.0f} s"
            ) from None


async def _set_health(process: Process, status: int) -> None:
    for name in process.services:
        if name in CONTRACTS:
            await process.health.set(CONTRACTS[name].full_name, status)
    await process.health.set("", status)


async def _drain(process: Process, drain_s: float) -> None:
    await _set_health(process, health_pb2.HealthCheckResponse.NOT_SERVING)
    for name, service in reversed(process.services.items()):
        try:
            async with asyncio.timeout(drain_s):
                await service.drain()
        except TimeoutError:
            _logger.warning("%s still had work in flight after %.1f s", name, drain_s)
