"""Who does which part of a task: the plan's candidates, matched with what is needed."""

from __future__ import annotations

from dataclasses import dataclass

from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2

MODEL_TIERS = (
    ledger_pb2.BACKEND_TIER_LOCAL_MODEL,
    ledger_pb2.BACKEND_TIER_PAID_API,
    ledger_pb2.BACKEND_TIER_LOGIN_CLI,
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One backend and the capabilities it is used for."""

    backend_id: str
    target: ledger_pb2.Target
    capabilities: tuple[str, ...]

    @property
    def is_model(self) -> bool:
        return self.target.tier in MODEL_TIERS


@dataclass(frozen=True, slots=True)
class Assignments:
    """Who works, in order, and what nobody here can do, with how to get somebody."""

    working: tuple[Assignment, ...]
    uncovered: tuple[str, ...]
    remedies: tuple[str, ...]


def assign(plan: planner_pb2.Plan, needed: tuple[str, ...], requested_model: str) -> Assignments:
    """The first available candidate for each need, cheapest first as the plan ordered them.

    A requested model does everything itself. With no need stated it takes one candidate that can
    read words. Tools that share a capability all work, in the plan's order.
    """
    available = [found for found in plan.candidates if found.backend.is_available]
    if requested_model:
        chosen = [found for found in available if found.backend.target.model == requested_model]
        return _of(plan, chosen[:1], (requested_model,) if not chosen else ())
    if not needed:
        readers = [found for found in available if found.backend.target.tier in MODEL_TIERS]
        return _of(plan, readers[:1], ("an answer in words",) if not readers else ())
    chosen, uncovered = [], []
    for capability in needed:
        able = [found for found in available if capability in found.backend.capabilities]
        tools = [found for found in able if found.backend.target.tier not in MODEL_TIERS]
        picked = tools or able[:1]
        chosen += [found for found in picked if found not in chosen]
        if not picked:
            uncovered.append(capability)
    return _of(plan, chosen, tuple(uncovered))


def _of(
    plan: planner_pb2.Plan, chosen: list[planner_pb2.Candidate], uncovered: tuple[str, ...]
) -> Assignments:
    working = tuple(
        Assignment(
            found.backend.backend_id, found.backend.target, tuple(found.backend.capabilities)
        )
        for found in chosen
    )
    remedies = (
        tuple(
            f"{found.backend.backend_id}: {found.backend.remedy}"
            for found in plan.candidates
            if not found.backend.is_available and found.backend.remedy
        )
        if uncovered
        else ()
    )
    return Assignments(working, uncovered, remedies)
