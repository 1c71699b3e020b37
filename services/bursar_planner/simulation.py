"""What another policy would have done with the tasks of the past, priced and judged."""

from __future__ import annotations

from collections.abc import Sequence

from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2 as contract
from bursar_planner.domain.learned.state import Learned
from bursar_planner.past_plans import PastPlan

LEARNED = "learned-v1"


def simulated(
    learned: Learned, plans: Sequence[PastPlan], policy: str
) -> contract.SimulateResponse:
    """Doubly robust: expected quality for what was not tried, corrected where both chose alike, by
    the propensity that was logged. Source: Dudik, Langford and Li 2011.
    """
    found = contract.SimulateResponse()
    for past in plans:
        able = _able(past)
        if not able:
            continue
        done = able[0]
        other = _by_outcomes(learned, past, able) if policy == LEARNED else _by_rules(able)
        is_same = other.backend.backend_id == done.backend.backend_id
        known = past.quality.get(done.backend.backend_id)
        expected_done, expected_other = (
            _chance(learned, past, candidate) for candidate in (done, other)
        )
        _count(found.actual, done, expected_done if known is None else known)
        correction = 0.0
        if is_same and known is not None:
            correction = (known - expected_other) / past.plan.decision.propensity
        _count(found.simulated, other, expected_other + correction)
        found.plans += 1
        found.same_choice += is_same
    return found


def _able(past: PastPlan) -> list[contract.Candidate]:
    """Models that could have worked, in the order of the plan."""
    return [
        candidate
        for candidate in past.plan.candidates
        if candidate.backend.is_available
        and candidate.backend.target.tier != ledger_pb2.BACKEND_TIER_LOCAL_TOOL
    ]


def _by_rules(able: Sequence[contract.Candidate]) -> contract.Candidate:
    """The cheapest tier first, within it who covers more, then who costs less."""
    return min(
        able,
        key=lambda candidate: (
            candidate.backend.target.tier,
            -len(candidate.covers),
            not candidate.is_cost_known,
            candidate.expected_cost_nano_usd,
        ),
    )


def _by_outcomes(
    learned: Learned, past: PastPlan, able: Sequence[contract.Candidate]
) -> contract.Candidate:
    """The most quality for its cost at the price of now, without trying anything out."""
    price = learned.price_of(past.decision.tenant_id).value
    dearest = max(candidate.expected_cost_nano_usd for candidate in able) or 1
    return max(
        able,
        key=lambda candidate: (
            _chance(learned, past, candidate) - price * candidate.expected_cost_nano_usd / dearest
        ),
    )


def _chance(learned: Learned, past: PastPlan, candidate: contract.Candidate) -> float:
    reading = None
    if learned.knows(past.decision.task_class):
        reading = learned.words.reading(past.decision.marks)
    return learned.chance(past.decision, reading, candidate.backend.backend_id)


def _count(value: contract.PolicyValue, candidate: contract.Candidate, quality: float) -> None:
    value.quality += quality
    value.cost_nano_usd += candidate.expected_cost_nano_usd
    value.plans_with_unknown_cost += not candidate.is_cost_known
