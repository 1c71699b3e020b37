"""Policy `rules-v1`: the founding rules, as they are written.

Known weakness: it saturates at 200 characters of description, 2 dependencies and 1 required tool,
and without a hint no task is above 0.6, so CRITICAL cannot be reached.
"""

from __future__ import annotations

from bursar_planner.domain.backends import is_candidate, targets_asked
from bursar_planner.domain.candidates import Candidate, Circumstances, chosen, ranked, uncovered
from bursar_planner.domain.complexity import complexity_of
from bursar_planner.domain.costs import Prices, Split, expected_split, most_nano_usd
from bursar_planner.domain.limits import Limits, Need, stopping
from bursar_planner.domain.paid_api import PaidApi, paid_api
from bursar_planner.domain.plan import Budget, Plan, Question
from bursar_planner.domain.reasons import Deliberation, reasons_for
from bursar_planner.domain.team import team_for
from bursar_planner.domain.thought import compression_of, discounted, terms_of

NAME = "rules-v1"
DESCRIPTION = (
    "complexity by length, dependencies, tools and hint; fixed levels and budgets; free tools first"
)


def plan(question: Question) -> Plan:
    """The plan, by the rules alone."""
    found = _deliberated(question)
    task, terms = question.task, found.terms
    return Plan(
        policy=NAME,
        complexity=found.complexity.value,
        effective_complexity=found.effective,
        factors=found.complexity.factors,
        thought_level=terms.level,
        budget=Budget(
            max_tokens=terms.max_tokens,
            max_api_calls=terms.max_api_calls if found.paid.is_allowed else 0,
            max_duration_ns=terms.max_duration_ns,
            max_cost_nano_usd=_most_nano_usd(found, question.prices),
        ),
        cache_strategy=terms.cache_strategy,
        compression_level=compression_of(terms, task),
        is_api_used=found.paid.is_allowed,
        is_near_limit=bool(found.near),
        candidates=found.candidates,
        agents=team_for(terms.level, task, terms.max_tokens),
        reasons=reasons_for(found),
        uncovered_capabilities=found.uncovered,
    )


def _deliberated(question: Question) -> Deliberation:
    task, limits = question.task, question.limits
    possible = [backend for backend in question.backends if is_candidate(backend, task)]
    near = limits.near(targets_asked(task, possible))
    complexity = complexity_of(task)
    effective = discounted(complexity.value, is_near_limit=bool(near))
    terms = terms_of(effective)
    paid = paid_api(
        task,
        complexity.value,
        is_near_limit=bool(near),
        is_paid_model_named=any(
            backend.is_paid and backend.answers_to(task.requested_model) for backend in possible
        ),
    )
    split = expected_split(task, terms.max_tokens)
    candidates = ranked(possible, Circumstances(task, split, paid, limits, question.prices))
    return Deliberation(
        task,
        limits,
        complexity,
        effective,
        near,
        terms,
        _within_hard_limits(paid, candidates, limits, split),
        candidates,
        uncovered(candidates, task),
    )


def _within_hard_limits(
    paid: PaidApi, candidates: tuple[Candidate, ...], limits: Limits, split: Split
) -> PaidApi:
    """No, where a hard limit stops every paid API that is there, or any call of this task."""
    if not paid.is_allowed:
        return paid
    present = [
        candidate
        for candidate in candidates
        if candidate.backend.is_paid and (candidate.backend.is_available or candidate.stopped_by)
    ]
    if any(candidate.stopped_by is None for candidate in present):
        return paid
    need = Need(split.input_tokens, split.output_tokens, cost_nano_usd=None)
    stopped_by = present[0].stopped_by if present else stopping(limits.everywhere, need)
    if stopped_by is None:
        return paid
    return PaidApi(False, f"the hard limit {stopped_by.words()}", "raise the limit, or wait")


def _most_nano_usd(found: Deliberation, prices: Prices) -> int | None:
    """At the list price of the dearest that works if the plan is followed.

    Where nobody is available, of the first who would be.
    """
    if not found.paid.is_allowed:
        return 0
    working = chosen(found.candidates, found.task) or found.candidates[:1]
    costs = [
        most_nano_usd(candidate.backend, found.terms.max_tokens, prices) for candidate in working
    ]
    known = [cost for cost in costs if cost is not None]
    return max(known, default=0) if len(known) == len(costs) else None
