"""When a limit is near, when it stops a call, and what is said of levels that are old."""

import pytest

from bursar_planner.domain.limits import Knowledge, LimitLevel, Limits, Need, stopping
from bursar_planner.domain.vocabulary import Meter, ThoughtLevel
from planner_parts import level, paid_api, planned, task, task_of, tool

OPUS = paid_api("opus", "translation")
GPT = paid_api("gpt-4", "translation", provider="openai")


@pytest.mark.parametrize(
    ("taken", "amount", "is_near"),
    [
        (0, 100, False),
        (79, 100, False),
        (80, 100, False),
        (81, 100, True),
        (100, 100, True),
        (130, 100, True),
        (800_000_000_000, 1_000_000_000_000, False),
        (800_000_000_001, 1_000_000_000_000, True),
        (0, 0, True),
    ],
)
def test_a_limit_is_near_above_80_percent(taken, amount, is_near):
    assert level(taken, amount).is_near is is_near
    assert planned(task(), limits=Limits((level(taken, amount),))).is_near_limit is is_near


def test_what_is_held_counts_like_what_is_settled():
    assert LimitLevel("daily", Meter.REQUESTS, 100, settled=40, held=41).is_near
    assert not LimitLevel("daily", Meter.REQUESTS, 100, settled=40, held=40).is_near


def test_a_soft_limit_is_near_like_a_hard_one():
    assert planned(task(), limits=Limits((level(81, is_hard=False),))).is_near_limit


@pytest.mark.parametrize(
    ("thousandths", "level_far", "level_near"),
    [
        (200, ThoughtLevel.SIMPLE, ThoughtLevel.TRIVIAL),  # 0.14
        (285, ThoughtLevel.SIMPLE, ThoughtLevel.TRIVIAL),  # 0.1995
        (286, ThoughtLevel.SIMPLE, ThoughtLevel.SIMPLE),  # 0.2002
        (571, ThoughtLevel.MODERATE, ThoughtLevel.SIMPLE),  # 0.3997
        (572, ThoughtLevel.MODERATE, ThoughtLevel.MODERATE),  # 0.4004
        (857, ThoughtLevel.CRITICAL, ThoughtLevel.MODERATE),  # 0.5999
        (858, ThoughtLevel.CRITICAL, ThoughtLevel.COMPLEX),  # 0.6006
        (1_000, ThoughtLevel.CRITICAL, ThoughtLevel.COMPLEX),  # 0.7: never CRITICAL near a limit
    ],
)
def test_near_a_limit_the_discounted_complexity_makes_the_level(thousandths, level_far, level_near):
    asked = task_of(thousandths)
    far, near = planned(asked), planned(asked, limits=Limits((level(81),)))

    assert (far.thought_level, near.thought_level) == (level_far, level_near)
    assert near.complexity == far.complexity
    assert near.effective_complexity == far.complexity * 7 / 10


def test_a_limit_of_a_provider_counts_when_that_provider_is_a_candidate():
    limits = Limits(by_target={OPUS.target: (level(90, limit_id="anthropic"),)})
    asked = task(required_capabilities=("translation",))

    assert planned(asked, OPUS, GPT, limits=limits).is_near_limit
    assert not planned(asked, GPT, limits=limits).is_near_limit


def test_a_limit_of_a_provider_that_covers_nothing_or_is_away_does_not_count():
    limits = Limits(by_target={OPUS.target: (level(90),)})
    away = paid_api("opus", "translation", is_available=False, remedy="set a key")

    assert not planned(task(required_capabilities=("linting",)), OPUS, limits=limits).is_near_limit
    asked = task(required_capabilities=("translation",))
    assert not planned(asked, away, limits=limits).is_near_limit


def test_a_plan_says_which_limit_is_near_and_what_it_gave_up():
    plan = planned(
        task_of(450),
        limits=Limits((level(850_000, 1_000_000, limit_id="total/day"),)),
    )
    assert (
        "near a limit: total/day has 850,000 of 1,000,000 tokens settled or held; complexity counts"
        " 0.70 times, 0.315: SIMPLE with 2,000 tokens instead of MODERATE with 8,000"
    ) in plan.reasons


def test_the_fullest_limits_are_named_first_and_at_most_three_of_them():
    levels = tuple(level(80 + number, limit_id=f"limit-{number}") for number in range(1, 6))
    sentence = next(
        reason
        for reason in planned(task(), limits=Limits(levels)).reasons
        if reason.startswith("near")
    )
    assert "limit-5 has 85" in sentence
    assert sentence.index("limit-5") < sentence.index("limit-4") < sentence.index("limit-3")
    assert "limit-2" not in sentence
    assert "and 2 more" in sentence


@pytest.mark.parametrize(
    ("meter", "needed"),
    [
        (Meter.REQUESTS, 1),
        (Meter.INPUT_TOKENS, 30),
        (Meter.OUTPUT_TOKENS, 20),
        (Meter.TOTAL_TOKENS, 50),
        (Meter.COST_NANO_USD, 700),
    ],
)
def test_a_hard_limit_stops_what_is_one_too_large(meter, needed):
    need = Need(input_tokens=30, output_tokens=20, cost_nano_usd=700)

    assert stopping([LimitLevel("x", meter, needed)], need) is None
    assert stopping([LimitLevel("x", meter, needed - 1)], need) is not None
    assert stopping([LimitLevel("x", meter, needed - 1, is_hard=False)], need) is None


def test_where_no_price_is_known_only_a_spent_budget_stops():
    need = Need(30, 20, cost_nano_usd=None)
    assert stopping([LimitLevel("x", Meter.COST_NANO_USD, 1)], need) is None
    assert stopping([LimitLevel("x", Meter.COST_NANO_USD, 5, settled=5)], need) is not None


def test_old_levels_are_used_and_the_plan_says_so():
    plan = planned(
        task(),
        tool("ruff"),
        limits=Limits((level(81),), knowledge=Knowledge.LAST_KNOWN, age_ns=12_900_000_000),
    )
    assert plan.is_near_limit
    assert "quota does not answer: planned with its levels of 12 s ago" in plan.reasons


def test_where_nothing_was_ever_known_the_plan_says_so():
    plan = planned(task(), limits=Limits(knowledge=Knowledge.NONE))
    assert not plan.is_near_limit
    assert "quota does not answer: planned as if no limit were near" in plan.reasons
