"""Quota's row in the table of services."""

from __future__ import annotations

from functools import partial

from bursar.eventlog.seats import Seats
from bursar.eventlog.stream import StreamId
from bursar.wiring.module import Ground, Module, Peers, Service
from bursar_quota.partitions import PartitionedQuota
from bursar_quota.service import QuotaService, Surroundings
from bursar_quota.settings import QuotaSettings
from bursar_quota.wire import USAGE


def build(ground: Ground, peers: Peers) -> Service:
    """It asks nobody but its own replicas: money is decided here, by the one that leads."""
    count, leases = ground.usage_partitions, ground.leases
    seats = None if count == 1 or leases is None else leases.seats("quota", peers.own_address)
    partitions = [
        _partition(StreamId(USAGE.name, place), ground, peers, seats) for place in range(count)
    ]
    if count == 1:
        return partitions[0]
    return PartitionedQuota(partitions, seats, partial(peers.at, "quota"))


def _partition(stream: StreamId, ground: Ground, peers: Peers, seats: Seats | None) -> QuotaService:
    leases = ground.leases
    surroundings = Surroundings(
        stream=stream,
        clock=ground.clock,
        lease=None if leases is None else leases.of(stream, peers.own_address, seats),
        snapshots_dir=ground.data_dir / "snapshots",
        alerts_dir=ground.data_dir / "alerts",
    )
    return QuotaService(ground.log, QuotaSettings.load(), surroundings)


MODULE = Module("quota", needs=(), build=build, is_replicated=True)
