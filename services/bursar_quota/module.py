"""Quota's row in the table of services."""

from __future__ import annotations

from bursar.wiring.module import Ground, Module, Peers
from bursar_quota.service import QuotaService, Surroundings
from bursar_quota.settings import QuotaSettings
from bursar_quota.wire import USAGE


def build(ground: Ground, peers: Peers) -> QuotaService:
    """It asks nobody but its own replicas: money is decided here, by the one that leads."""
    leases = ground.leases
    surroundings = Surroundings(
        clock=ground.clock,
        lease=None if leases is None else leases.of(USAGE, peers.own_address),
        snapshots_dir=ground.data_dir / "snapshots",
    )
    return QuotaService(ground.log, QuotaSettings.load(), surroundings)


MODULE = Module("quota", needs=(), build=build, is_replicated=True)
