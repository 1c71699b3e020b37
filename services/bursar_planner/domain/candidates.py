"""Who can do a task, cheapest first, and what those lack who cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bursar.money import format_usd
from bursar_planner.domain import tables
from bursar_planner.domain.backends import Backend, covered_by
from bursar_planner.domain.costs import Prices, Split, expected_need
from bursar_planner.domain.limits import LimitLevel, Limits, Need, stopping
from bursar_planner.domain.numerals import listed
from bursar_planner.domain.paid_api import PaidApi
from bursar_planner.domain.task import Task
from bursar_planner.domain.vocabulary import Tier


@dataclass(frozen=True, slots=True)
class Candidate:
    """A backend with what it covers, what it is expected to cost, and why it stands here.

    A backend that is there but may not be used has `is_available` False and says why in `remedy`.
    `stopped_by` is the hard limit that holds too little for it. `chance` is the expected quality of
    its work where a policy has learned it, from that many `outcomes` of the task's class.
    """

    backend: Backend
    covers: tuple[str, ...]
    expected_cost_nano_usd: int | None
    reason: str
    is_requested: bool = False
    stopped_by: LimitLevel | None = None
    chance: float | None = None
    outcomes: int = 0
    expected_duration_ns: int = 0


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a candidate is judged by."""

    task: Task
    split: Split
    paid: PaidApi
    limits: Limits
    prices: Prices


def ranked(backends: Sequence[Backend], seen: Circumstances) -> tuple[Candidate, ...]:
    """Available ones first; a requested model before all others; then cheapest tier first.

    Within a tier of models: those that cover more, then those that cost less. Tools of one tier
    all work, in the order they were given. A paid API that the rules do not allow is left out,
    unless it was asked for by name or is the only way: then it comes last and says what it lacks.
    """
    found = [_judged(backend, seen) for backend in backends if _is_admitted(backend, seen)]
    missing = uncovered(found, seen.task)
    if missing or not any(candidate.backend.is_available for candidate in found):
        barred = [backend for backend in backends if not _is_admitted(backend, seen)]
        found += [
            _judged(backend, seen)
            for backend in barred
            if not missing or not set(missing).isdisjoint(backend.capabilities)
        ]
    return tuple(sorted(found, key=_rank))


def uncovered(candidates: Sequence[Candidate], task: Task) -> tuple[str, ...]:
    """Required capabilities that no available candidate covers."""
    covered = {
        capability
        for candidate in candidates
        if candidate.backend.is_available
        for capability in candidate.covers
    }
    return tuple(found for found in task.required_capabilities if found not in covered)


def chosen(candidates: Sequence[Candidate], task: Task) -> tuple[Candidate, ...]:
    """Who works if the plan is followed: a requested model alone, else for each capability the
    first who covers it; anyone where none is required.
    """
    able = [candidate for candidate in candidates if candidate.backend.is_available]
    requested = [candidate for candidate in able if candidate.is_requested]
    if requested or not task.required_capabilities:
        return tuple((requested or able)[:1])
    firsts = (
        next((found for found in able if capability in found.covers), None)
        for capability in task.required_capabilities
    )
    return tuple(dict.fromkeys(found for found in firsts if found is not None))


def _is_admitted(backend: Backend, seen: Circumstances) -> bool:
    if not backend.is_paid or seen.paid.is_allowed:
        return True
    return backend.answers_to(seen.task.requested_model)


def _judged(backend: Backend, seen: Circumstances) -> Candidate:
    need = expected_need(backend, seen.split, seen.prices)
    if not backend.is_available:
        return _absent(backend, need, seen)
    if not backend.is_paid:
        return _candidate(backend, _merits(backend, need, seen), need, seen)
    if not seen.paid.is_allowed:
        return _barred(backend, f"no paid API, because {seen.paid.reason}", need, seen)
    stopped_by = stopping(seen.limits.matching(backend.target), need)
    if stopped_by is None:
        return _candidate(backend, _merits(backend, need, seen), need, seen)
    why = f"the hard limit {stopped_by.words()}, too little is left for this"
    return replace(_barred(backend, why, need, seen), stopped_by=stopped_by)


def _absent(backend: Backend, need: Need, seen: Circumstances) -> Candidate:
    """Not there; where the rules would bar it, to get it is not enough."""
    remedy = backend.remedy or "the executor does not say why"
    if backend.is_paid and not seen.paid.is_allowed:
        remedy = f"{remedy}; and {seen.paid.remedy}"
    absent = replace(backend, remedy=remedy)
    return _candidate(absent, f"not available: {remedy}", need, seen)


def _candidate(backend: Backend, reason: str, need: Need, seen: Circumstances) -> Candidate:
    return Candidate(
        backend,
        covered_by(backend, seen.task),
        need.cost_nano_usd,
        reason,
        is_requested=backend.answers_to(seen.task.requested_model),
    )


def _barred(backend: Backend, why: str, need: Need, seen: Circumstances) -> Candidate:
    """There, but not to be used for this task."""
    way_out = seen.paid.remedy or "raise the limit, or wait"
    remedy = f"{why}; {way_out}"
    barred = replace(backend, is_available=False, remedy=remedy)
    price = _price_words(need).removeprefix(", ")
    return _candidate(barred, f"not used ({price}): {remedy}", need, seen)


def _merits(backend: Backend, need: Need, seen: Circumstances) -> str:
    asked = "asked for by name; " if backend.answers_to(seen.task.requested_model) else ""
    price = _price_words(need) if backend.is_paid else ""
    covers = covered_by(backend, seen.task)
    covered = f"; covers {listed(covers)}" if covers else ""
    return f"{asked}{tables.TIER_WORDS[backend.target.tier]}{price}{covered}"


def _price_words(need: Need) -> str:
    if need.cost_nano_usd is None:
        return ", price unknown"
    return (
        f", about {format_usd(need.cost_nano_usd)} for {need.input_tokens:,} tokens in and"
        f" {need.output_tokens:,} out"
    )


def _rank(candidate: Candidate) -> tuple[bool, bool, int, int, bool, int]:
    """Equal ones keep the order in which the executor named them."""
    tier = candidate.backend.target.tier
    coverage = 0 if tier is Tier.LOCAL_TOOL else -len(candidate.covers)
    cost_nano_usd = candidate.expected_cost_nano_usd
    return (
        not candidate.backend.is_available,
        not candidate.is_requested,
        tier,
        coverage,
        cost_nano_usd is None,
        cost_nano_usd or 0,
    )
