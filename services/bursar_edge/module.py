"""The edge's row in the table of services."""

from __future__ import annotations

from bursar.wiring.module import Ground, Module, Peers
from bursar.wiring.settings import ProcessSettings
from bursar_edge.service import EdgeService
from bursar_edge.settings import EdgeSettings


def build(ground: Ground, peers: Peers) -> EdgeService:
    """It asks quota before each call and the cache before most."""
    clients = (peers.client("quota"), peers.client("cache"))
    return EdgeService(ground, clients, EdgeSettings.load(), ProcessSettings.load())


MODULE = Module("edge", needs=("quota", "cache"), build=build)
