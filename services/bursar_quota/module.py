"""Quota's row in the table of services."""

from __future__ import annotations

from bursar.wiring.module import Ground, Module, Peers
from bursar_quota.service import QuotaService, Surroundings
from bursar_quota.settings import QuotaSettings


def build(ground: Ground, peers: Peers) -> QuotaService:
    """It asks nobody: money is decided here."""
    surroundings = Surroundings(clock=ground.clock, snapshots_dir=ground.data_dir / "snapshots")
    return QuotaService(ground.log, QuotaSettings.load(), surroundings)


MODULE = Module("quota", needs=(), build=build)
