"""The one list of services. A module is imported only by a process that hosts it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from bursar.errors import InvalidRequest
from bursar.wiring.module import Module
from bursar.wiring.settings import ProcessSettings

# name -> where its row of the table stands
TARGETS: dict[str, str] = {
    "quota": "bursar_quota.module",
    "cache": "bursar_cache.module",
    "compressor": "bursar_compressor.module",
    "planner": "bursar_planner.module",
    "executor": "bursar_executor.module",
    "efficiency": "bursar_efficiency.module",
    "notary": "bursar_notary.module",
    "edge": "bursar_edge.module",
}


def modules(names: Sequence[str]) -> list[Module]:
    """The rows of these services; raises InvalidRequest for a name there is none of."""
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        raise InvalidRequest.of("service", unknown[0], f"name one of {', '.join(TARGETS)}")
    found: list[Module] = []
    for name in names:
        module = importlib.import_module(TARGETS[name]).MODULE
        if not isinstance(module, Module):
            raise TypeError(f"{TARGETS[name]}.MODULE is no Module")
        found.append(module)
    return found


def modules_for(
    names: Sequence[str], process: ProcessSettings, **edge_flags: object
) -> list[Module]:
    """The same for a process whose settings came from a command line: its edge listens by them."""
    rows = modules(names)
    if "edge" not in names:
        return rows
    from bursar_edge.module import module as edge_module

    edge = edge_module(process, **edge_flags)
    return [edge if row.name == edge.name else row for row in rows]
