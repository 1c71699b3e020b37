"""The planner's row in the table of services."""

from __future__ import annotations

from bursar.wiring.module import Ground, Module, Peers
from bursar_planner.service import PlannerService
from bursar_planner.settings import PlannerSettings


def build(ground: Ground, peers: Peers) -> PlannerService:
    """It asks quota which limits are near."""
    return PlannerService(ground, PlannerSettings.load(), peers.client("quota"))


MODULE = Module("planner", needs=("quota",), build=build)
