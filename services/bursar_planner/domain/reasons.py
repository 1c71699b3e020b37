"""Why a plan is as it is, in sentences a person would want to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from bursar_planner.domain import tables
from bursar_planner.domain.candidates import Candidate
from bursar_planner.domain.complexity import Complexity
from bursar_planner.domain.limits import LimitLevel, Limits, near_words
from bursar_planner.domain.numerals import decimal_text, listed, paid_calls
from bursar_planner.domain.paid_api import PaidApi
from bursar_planner.domain.tables import LevelTerms
from bursar_planner.domain.task import Task
from bursar_planner.domain.thought import compression_of, terms_of
from bursar_planner.domain.vocabulary import CompressionLevel


@dataclass(frozen=True, slots=True)
class Deliberation:
    """What was found out on the way to a plan."""

    task: Task
    limits: Limits
    complexity: Complexity
    effective: Fraction
    near: tuple[LimitLevel, ...]
    terms: LevelTerms
    paid: PaidApi
    candidates: tuple[Candidate, ...]
    uncovered: tuple[str, ...]


def reasons_for(found: Deliberation) -> tuple[str, ...]:
    """From what was measured to what follows from it."""
    return tuple(_sentences(found))


def _sentences(found: Deliberation) -> Iterator[str]:
    yield found.complexity.words()
    if not_current := found.limits.words():
        yield not_current
    if found.near:
        yield _near(found)
    yield _level(found.terms, found.paid)
    verdict = "paid API allowed" if found.paid.is_allowed else "no paid API"
    yield f"{verdict}: {found.paid.reason}"
    yield _thrift(found.task, found.terms)
    yield from _work(found)


def _near(found: Deliberation) -> str:
    sentence = (
        f"near a limit: {near_words(found.near)}; complexity counts"
        f" {decimal_text(tables.NEAR_DISCOUNT)} times, {decimal_text(found.effective)}"
    )
    given_up = terms_of(found.complexity.value)
    if given_up.level is found.terms.level:
        return f"{sentence}, which changes no level"
    return (
        f"{sentence}: {found.terms.level.name} with {found.terms.max_tokens:,} tokens instead of"
        f" {given_up.level.name} with {given_up.max_tokens:,}"
    )


def _level(terms: LevelTerms, paid: PaidApi) -> str:
    calls = paid_calls(terms.max_api_calls if paid.is_allowed else 0)
    duration_s = terms.max_duration_ns // tables.NS_PER_S
    return (
        f"{terms.level.name}: {terms.words}; at most {terms.max_tokens:,} tokens, {calls},"
        f" {duration_s:,} s"
    )


def _thrift(task: Task, terms: LevelTerms) -> str:
    cache = f"cache {terms.cache_strategy.name.lower()}"
    compression = compression_of(terms, task)
    if compression is not CompressionLevel.AGGRESSIVE:
        return f"{cache}; compression {compression}"
    return (
        f"{cache}; compression {compression}: the context of {task.context_tokens:,} tokens"
        f" exceeds the budget of {terms.max_tokens:,}"
    )


def _work(found: Deliberation) -> Iterator[str]:
    requested = found.task.requested_model
    if requested and not any(candidate.is_requested for candidate in found.candidates):
        yield f"{requested} was asked for, and no backend here has that name"
    if found.candidates and found.candidates[0].backend.is_available:
        first = found.candidates[0]
        yield f"first {first.backend.backend_id}: {first.reason}"
    else:
        yield "no backend here can do any of this now"
    if found.uncovered:
        yield f"nobody available covers {listed(found.uncovered)}"
