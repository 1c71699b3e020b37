"""Levels begin exactly where they say, and allow exactly what they say."""

from fractions import Fraction

import pytest

from bursar_planner.domain.thought import discounted, terms_of
from bursar_planner.domain.vocabulary import CacheStrategy, ThoughtLevel
from planner_parts import planned, task, task_of

BIT = Fraction(1, 10**15)
S = 1_000_000_000


@pytest.mark.parametrize(
    ("boundary", "below", "at"),
    [
        (Fraction(1, 5), ThoughtLevel.TRIVIAL, ThoughtLevel.SIMPLE),
        (Fraction(2, 5), ThoughtLevel.SIMPLE, ThoughtLevel.MODERATE),
        (Fraction(3, 5), ThoughtLevel.MODERATE, ThoughtLevel.COMPLEX),
        (Fraction(4, 5), ThoughtLevel.COMPLEX, ThoughtLevel.CRITICAL),
    ],
)
def test_a_level_begins_at_its_boundary_and_not_a_bit_below(boundary, below, at):
    assert terms_of(boundary - BIT).level is below
    assert terms_of(boundary).level is at
    assert terms_of(boundary + BIT).level is at


def test_nothing_is_trivial_and_everything_is_critical():
    assert terms_of(Fraction(0)).level is ThoughtLevel.TRIVIAL
    assert terms_of(Fraction(1)).level is ThoughtLevel.CRITICAL


@pytest.mark.parametrize(
    ("thousandths", "level"),
    [
        (199, ThoughtLevel.TRIVIAL),
        (200, ThoughtLevel.SIMPLE),
        (201, ThoughtLevel.SIMPLE),
        (399, ThoughtLevel.SIMPLE),
        (400, ThoughtLevel.MODERATE),
        (401, ThoughtLevel.MODERATE),
        (599, ThoughtLevel.MODERATE),
        (600, ThoughtLevel.COMPLEX),
        (601, ThoughtLevel.COMPLEX),
        (799, ThoughtLevel.COMPLEX),
        (800, ThoughtLevel.CRITICAL),
        (801, ThoughtLevel.CRITICAL),
        (1_000, ThoughtLevel.CRITICAL),
    ],
)
def test_a_task_gets_the_level_of_its_complexity(thousandths, level):
    assert planned(task_of(thousandths)).thought_level is level


@pytest.mark.parametrize("tenths", range(11))
def test_shares_that_meet_a_boundary_in_decimals_meet_it_exactly(tenths):
    # In binary 3 * 0.1 and 0.7 * 0.2 + 0.06 miss the decimals that they spell.
    complexity = sum((Fraction(1, 10) for _ in range(tenths)), Fraction(0))
    assert complexity == Fraction(tenths, 10)
    assert terms_of(complexity).level == min(5, tenths // 2 + 1)


@pytest.mark.parametrize(
    ("level", "tokens", "calls", "seconds", "strategy"),
    [
        (ThoughtLevel.TRIVIAL, 500, 1, 5, CacheStrategy.AGGRESSIVE),
        (ThoughtLevel.SIMPLE, 2_000, 2, 15, CacheStrategy.STANDARD),
        (ThoughtLevel.MODERATE, 8_000, 5, 60, CacheStrategy.SELECTIVE),
        (ThoughtLevel.COMPLEX, 32_000, 10, 300, CacheStrategy.MINIMAL),
        (ThoughtLevel.CRITICAL, 100_000, 20, 600, CacheStrategy.NONE),
    ],
)
def test_a_level_allows_what_the_rules_say(level, tokens, calls, seconds, strategy):
    complexity = 200 * (level - 1) or 1
    paid = planned(task_of(complexity, is_api_requested=True))
    free = planned(task_of(complexity))

    assert paid.thought_level is level
    assert (paid.budget.max_tokens, paid.budget.max_api_calls) == (tokens, calls)
    assert (free.budget.max_tokens, free.budget.max_api_calls) == (tokens, 0)
    assert paid.budget.max_duration_ns == free.budget.max_duration_ns == seconds * S
    assert paid.cache_strategy is free.cache_strategy is strategy


@pytest.mark.parametrize(
    ("number", "name", "meaning"),
    [
        (1, "TRIVIAL", "simple look-up, no reasoning"),
        (2, "SIMPLE", "basic logic, minimal context"),
        (3, "MODERATE", "standard reasoning, normal context"),
        (4, "COMPLEX", "deep reasoning, extensive context"),
        (5, "CRITICAL", "maximum reasoning, full context"),
    ],
)
def test_a_level_means_what_the_rules_say(number, name, meaning):
    plan = planned(task_of(200 * (number - 1) or 1))
    assert (plan.thought_level, plan.thought_level.name) == (number, name)
    assert any(reason.startswith(f"{name}: {meaning}; ") for reason in plan.reasons)


@pytest.mark.parametrize("level", ThoughtLevel)
def test_context_is_compressed_safely_unless_it_exceeds_the_budget(level):
    complexity = 200 * (level - 1) or 1
    budget_tokens = planned(task_of(complexity)).budget.max_tokens

    def compression(context_tokens):
        return planned(task_of(complexity, context_tokens=context_tokens)).compression_level

    assert compression(0) == "safe"
    assert compression(budget_tokens) == "safe"
    assert compression(budget_tokens + 1) == "aggressive"


def test_near_a_limit_complexity_counts_seven_tenths():
    assert discounted(Fraction(1, 2), is_near_limit=True) == Fraction(7, 20)
    assert discounted(Fraction(1, 2), is_near_limit=False) == Fraction(1, 2)


def test_a_plan_says_what_too_large_a_context_does():
    plan = planned(task("Tidy", context_tokens=12_000))
    assert (
        "cache aggressive; compression aggressive: the context of 12,000 tokens exceeds the budget"
        " of 500"
    ) in plan.reasons
