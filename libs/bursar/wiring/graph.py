"""The order in which services rise: each after those it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bursar.errors import FailedPrecondition
from bursar.wiring.module import Module


def rising_order(modules: Sequence[Module]) -> list[Module]:
    """`modules` so that each comes after what it needs; what is not hosted here does not count.

    Deterministic: the order given decides between equals. Raises FailedPrecondition with the path
    of a circle.
    """
    hosted = {module.name: module for module in modules}
    risen: dict[str, Module] = {}
    for module in modules:
        _rise(module, hosted, risen, path=())
    return list(risen.values())


def _rise(
    module: Module, hosted: Mapping[str, Module], risen: dict[str, Module], path: tuple[str, ...]
) -> None:
    if module.name in risen:
        return
    if module.name in path:
        circle = " -> ".join((*path[path.index(module.name) :], module.name))
        raise FailedPrecondition(f"services need each other in a circle: {circle}")
    for needed in module.needs:
        if needed in hosted:
            _rise(hosted[needed], hosted, risen, (*path, module.name))
    risen[module.name] = module
