"""Quota's row in the table of services."""

from __future__ import annotations

from bursar.wiring.module import Ground, Module, Peers
from bursar_quota.service import QuotaService, Surroundings
from bursar_quota.settings import QuotaSettings


def build(ground: Ground, peers: Peers) -> QuotaService:
    """It asks nobody: money is decided here."""
    return QuotaService(ground.log, QuotaSettings.load(), Surroundings(clock=ground.clock))


MODULE = Module("quota", needs=(), build=build)
