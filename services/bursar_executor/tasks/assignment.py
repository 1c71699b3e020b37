"""Who does which part of a task: the plan's candidates, matched with what is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2

MODEL_TIERS = (
    ledger_pb2.BACKEND_TIER_LOCAL_MODEL,
    ledger_pb2.BACKEND_TIER_PAID_API,
    ledger_pb2.BACKEND_TIER_LOGIN_CLI,
)
ANSWER_IN_WORDS = "an answer in words"
NOBODY_REMEDY = "set up a model: ANTHROPIC_API_KEY, OPENAI_API_KEY, or a local server"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One backend and its target."""

    backend_id: str
    target: ledger_pb2.Target

    @property
    def is_model(self) -> bool:
        return self.target.tier in MODEL_TIERS

    @property
    def is_paid(self) -> bool:
        return self.target.tier == ledger_pb2.BACKEND_TIER_PAID_API


@dataclass(frozen=True, slots=True)
class Assignments:
    """Who works, in order, and what nobody here can do, with how to get somebody of each tier.

    `barred` are those who are here and could, but whom the plan keeps from work. `stronger` is
    asked in the place of the one model that works, where a validator refuses its answer.
    """

    working: tuple[Assignment, ...]
    uncovered: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    barred: tuple[planner_pb2.Candidate, ...] = ()
    stronger: Assignment | None = None

    @property
    def readers(self) -> tuple[Assignment, ...]:
        """Those who are given words."""
        return tuple(found for found in self.working if found.is_model)

    @property
    def paying(self) -> ledger_pb2.Target:
        """Whose limits count: the model's where one works, else the first tool's."""
        return next(iter((*self.readers, *self.working))).target


def assign(
    plan: planner_pb2.Plan,
    needed: tuple[str, ...],
    requested_model: str,
    described: Sequence[planner_pb2.Backend],
) -> Assignments:
    """The first available candidate for each need, cheapest first as the plan ordered them.

    A requested model, by its target's name, does everything itself. With no need stated it takes
    one candidate that can read words. Tools that share a capability all work, in the order in which
    `described` lists them: all backends of this executor, those that lack something included.
    """
    uncovered: tuple[str, ...]
    available = [found.backend for found in plan.candidates if found.backend.is_available]
    if requested_model:
        chosen = [found for found in available if found.target.model == requested_model][:1]
        uncovered = () if chosen else (requested_model,)
    elif not needed:
        chosen = [found for found in available if found.target.tier in MODEL_TIERS][:1]
        uncovered = () if chosen else (ANSWER_IN_WORDS,)
    else:
        chosen, uncovered = _covering(available, needed)
    places = {found.backend_id: place for place, found in enumerate(described)}
    working = tuple(
        Assignment(found.backend_id, found.target)
        for found in sorted(chosen, key=lambda found: places.get(found.backend_id, len(places)))
    )
    if not uncovered:
        return Assignments(working, stronger=_stronger(plan, working))
    able = _could(plan, uncovered)
    by_tier = {found.backend.target.tier: found.backend.remedy for found in reversed(able)}
    remedies = tuple(by_tier[tier] for tier in sorted(by_tier)) or (NOBODY_REMEDY,)
    present = {found.backend_id for found in described if found.is_available}
    barred = tuple(found for found in able if found.backend.backend_id in present)
    return Assignments(working, uncovered, remedies, barred)


def _stronger(plan: planner_pb2.Plan, working: tuple[Assignment, ...]) -> Assignment | None:
    """The second model of a cascade, where the first one is at work and no other model is."""
    models = [
        found.backend
        for found in plan.candidates
        if found.backend.is_available and found.backend.target.tier in MODEL_TIERS
    ]
    at_work = [found.backend_id for found in working if found.is_model]
    is_cascade = plan.decision.action == planner_pb2.ACTION_CASCADE and len(models) > 1
    if not is_cascade or at_work != [models[0].backend_id]:
        return None
    return Assignment(models[1].backend_id, models[1].target)


def _covering(
    available: Sequence[planner_pb2.Backend], needed: tuple[str, ...]
) -> tuple[list[planner_pb2.Backend], tuple[str, ...]]:
    """All tools for what tools can do; one model, the first that can, for each other need."""
    chosen: list[planner_pb2.Backend] = []
    uncovered: list[str] = []
    for capability in needed:
        able = [found for found in available if capability in found.capabilities]
        tools = [found for found in able if found.target.tier not in MODEL_TIERS]
        chosen += [found for found in tools or able[:1] if found not in chosen]
        if not able:
            uncovered.append(capability)
    return chosen, tuple(uncovered)


def _could(plan: planner_pb2.Plan, uncovered: tuple[str, ...]) -> tuple[planner_pb2.Candidate, ...]:
    """Candidates that cannot be used now and would have some of what is uncovered, best first."""
    return tuple(
        found
        for found in plan.candidates
        if not found.backend.is_available and _has_some_of(uncovered, found.backend)
    )


def _has_some_of(uncovered: tuple[str, ...], backend: planner_pb2.Backend) -> bool:
    """A model is also who is meant by its name, or by an answer in words."""
    if not set(uncovered).isdisjoint(backend.capabilities):
        return True
    is_model = backend.target.tier in MODEL_TIERS
    return is_model and (ANSWER_IN_WORDS in uncovered or backend.target.model in uncovered)
