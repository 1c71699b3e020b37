"""The edge's row in the table of services."""

from __future__ import annotations

from bursar.wiring.module import Ground, Module, Peers
from bursar.wiring.settings import ProcessSettings
from bursar_edge.service import EdgeService
from bursar_edge.settings import EdgeSettings


def module(process: ProcessSettings | None = None, **flags: object) -> Module:
    """The row for a process with these settings, and with flags of the edge's own; those that are
    None were not given. Without either, what the environment and the file say.
    """

    def build(ground: Ground, peers: Peers) -> EdgeService:
        """It asks quota before each call and the cache before most; others only when somebody
        looks at the dashboard.
        """
        clients = (peers.client("quota"), peers.client("cache"), peers.client("compressor"))
        settings = EdgeSettings.load(**flags)
        return EdgeService(
            ground, clients, settings, process or ProcessSettings.load(), peers.client
        )

    return Module("edge", needs=("quota", "cache", "compressor"), build=build)


MODULE = module()
