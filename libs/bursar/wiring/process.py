"""One process and the services it hosts: built in order, served over gRPC, drained in reverse."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from bursar.clients.remote import CONTRACTS
from bursar.errors import FailedPrecondition, Unavailable
from bursar.rpc.activity import Activity
from bursar.rpc.authentication import Entrance
from bursar.rpc.serving import CHANNEL_OPTIONS, offer
from bursar.secret import Secret
from bursar.wiring.graph import rising_order
from bursar.wiring.module import Ground, Module, Service
from bursar.wiring.peers import ProcessPeers

READY_TIMEOUT_S = 120.0
DRAIN_TIMEOUT_S = 10.0
STOP_GRACE_S = 2.0
CONCURRENT_CALLS_MAX = 4096
# The name under which health says that the process lives, ready or not.
ALIVE = "alive"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """What a process hosts and where it listens. Port 0 takes any free one.

    entrance: what requests from outside pass. service_key: what calls to peers elsewhere present.
    """

    modules: Sequence[Module]
    host: str = "127.0.0.1"
    port: int = 0
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
    peers = ProcessPeers(plan.peer_addresses, plan.service_key)
    services: dict[str, Service] = {}
    for module in rising_order(plan.modules):
        services[module.name] = module.build(ground, peers)
        peers.host(module.name, services[module.name])
    activity = ground.activity
    server, health_servicer = _server(services, activity, plan.entrance)
    port = _listen(server, plan)
    process = Process(f"{plan.host}:{port}", peers, services, health_servicer, activity)
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


def _server(
    services: dict[str, Service], activity: Activity, entrance: Entrance | None
) -> tuple[grpc.aio.Server, health.aio.HealthServicer]:
    server = grpc.aio.server(options=CHANNEL_OPTIONS, maximum_concurrent_rpcs=CONCURRENT_CALLS_MAX)
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    names = [health.SERVICE_NAME, reflection.SERVICE_NAME]
    for name, service in services.items():
        if name in CONTRACTS:
            offer(server, CONTRACTS[name], service, activity, entrance)
            names.append(CONTRACTS[name].full_name)
    reflection.enable_server_reflection(names, server)
    return server, health_servicer


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
