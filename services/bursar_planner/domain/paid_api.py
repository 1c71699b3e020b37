"""Whether a task may use a paid API at all."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from bursar_planner.domain import tables
from bursar_planner.domain.numerals import decimal_text, listed
from bursar_planner.domain.task import Task

_ASK = "ask for a paid API, or name one of its models"


@dataclass(frozen=True, slots=True)
class PaidApi:
    """The decision, why, and, where it is no, how a caller gets another one."""

    is_allowed: bool
    reason: str
    remedy: str = ""


def paid_api(
    task: Task, complexity: Fraction, *, is_near_limit: bool, is_paid_model_named: bool
) -> PaidApi:
    """The rule, before hard limits. `complexity` is the one before the discount near a limit.

    To name a paid model is to ask for an API. Forcing lifts the test for limits, and no other.
    """
    if is_near_limit and not task.is_paid_forced:
        return PaidApi(False, "a limit is near", "force paid use, or wait, or raise the limit")
    if is_paid_model_named:
        return PaidApi(True, f"{task.requested_model} was asked for by name")
    if task.is_api_requested:
        return PaidApi(True, "a paid API was asked for")
    return _by_need(task.required_capabilities, complexity)


def _by_need(required: tuple[str, ...], complexity: Fraction) -> PaidApi:
    if complexity < tables.API_COMPLEXITY_MIN:
        least = decimal_text(tables.API_COMPLEXITY_MIN)
        return PaidApi(False, f"complexity {decimal_text(complexity)} is below {least}", _ASK)
    needed = tuple(found for found in required if found not in tables.FREE_CAPABILITIES)
    if needed:
        return PaidApi(True, f"no free tool covers {listed(needed)}")
    if required:
        return PaidApi(False, f"free tools cover {listed(required)}", _ASK)
    return PaidApi(False, "nothing is required that free tools do not cover", _ASK)
