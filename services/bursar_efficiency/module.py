"""Efficiency's row in the table of services."""

from __future__ import annotations

from bursar.wiring.module import Ground, Module, Peers
from bursar_efficiency.service import EfficiencyService


def build(ground: Ground, peers: Peers) -> EfficiencyService:
    """It asks nobody: all it knows is in the log."""
    return EfficiencyService(ground.log, ground.usage_partitions, ground.data_dir / "efficiency")


MODULE = Module("efficiency", needs=(), build=build)
