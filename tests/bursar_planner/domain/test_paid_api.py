"""When a task may use a paid API."""

import pytest

from bursar_planner.domain.limits import Limits
from bursar_planner.domain.tables import FREE_CAPABILITIES
from bursar_planner.domain.vocabulary import Meter
from planner_parts import PRICES, level, login_cli, paid_api, planned, task_of

NEAR = Limits((level(81, is_hard=False),))
OPUS = paid_api("opus", "translation")
GPT = paid_api("gpt-4", "translation", provider="openai")
TRANSLATION = ("translation",)


def is_used(asked, *backends, limits=None):
    plan = planned(asked, *backends, limits=limits)
    assert (plan.budget.max_api_calls > 0) is plan.is_api_used
    return plan.is_api_used


@pytest.mark.parametrize(("thousandths", "used"), [(399, False), (400, True), (401, True)])
def test_below_two_fifths_free_tools_suffice(thousandths, used):
    assert is_used(task_of(thousandths, required_capabilities=TRANSLATION)) is used


@pytest.mark.parametrize(
    ("capabilities", "used"),
    [
        ((), False),
        (("code_generation",), False),
        (tuple(sorted(FREE_CAPABILITIES)), False),
        (("translation",), True),
        (("linting", "translation"), True),
    ],
)
def test_a_paid_api_is_for_what_free_tools_do_not_cover(capabilities, used):
    assert is_used(task_of(900, required_capabilities=capabilities)) is used


def test_the_free_capabilities_are_the_eight_of_the_rules():
    assert {
        "code_generation",
        "code_review",
        "refactoring",
        "debugging",
        "documentation",
        "testing",
        "linting",
        "formatting",
    } == FREE_CAPABILITIES


def test_an_explicit_request_overrides_complexity_and_free_tools():
    assert is_used(task_of(1, required_capabilities=("linting",), is_api_requested=True))
    assert is_used(task_of(1, is_api_requested=True))


def test_naming_a_paid_model_is_an_explicit_request():
    assert is_used(task_of(1, requested_model="opus"), OPUS)
    assert is_used(task_of(1, requested_model="anthropic/opus"), OPUS)
    assert not is_used(task_of(1, requested_model="claude"), OPUS, login_cli("claude"))
    assert not is_used(task_of(1, requested_model="nobody"), OPUS)


@pytest.mark.parametrize("is_api_requested", [False, True])
@pytest.mark.parametrize("requested_model", ["", "opus"])
def test_near_a_limit_nothing_but_force_pays(is_api_requested, requested_model):
    def used(is_paid_forced):
        asked = task_of(
            900,
            required_capabilities=TRANSLATION,
            is_api_requested=is_api_requested,
            requested_model=requested_model,
            is_paid_forced=is_paid_forced,
        )
        return is_used(asked, OPUS, limits=NEAR)

    assert not used(is_paid_forced=False)
    assert used(is_paid_forced=True)


def test_force_lifts_the_test_for_limits_and_no_other():
    assert not is_used(task_of(399, required_capabilities=TRANSLATION, is_paid_forced=True))
    assert not is_used(task_of(900, required_capabilities=("linting",), is_paid_forced=True))
    asked = task_of(399, required_capabilities=TRANSLATION, is_paid_forced=True)
    assert not is_used(asked, OPUS, limits=NEAR)


def test_near_a_limit_the_complexity_before_the_discount_decides():
    # 0.45 counts as 0.315 for the level, and as 0.45 for the API.
    asked = task_of(450, required_capabilities=TRANSLATION, is_paid_forced=True)
    assert is_used(asked, limits=NEAR)


@pytest.mark.parametrize("meter", Meter)
def test_a_spent_hard_limit_is_overridden_by_nothing(meter):
    spent = level(1_000_000, 1_000_000, meter=meter)
    asked = task_of(
        900,
        required_capabilities=TRANSLATION,
        is_api_requested=True,
        is_paid_forced=True,
        context_tokens=10,
    )
    assert not is_used(asked, limits=Limits((spent,)))
    assert not is_used(asked, OPUS, limits=Limits(by_target={OPUS.target: (spent,)}))


def test_a_hard_limit_stops_the_provider_it_is_for_and_another_takes_its_place():
    spent = level(100, 100, limit_id="anthropic/day")
    asked = task_of(
        900,
        required_capabilities=TRANSLATION,
        requested_model="opus",
        is_paid_forced=True,
    )
    plan = planned(asked, OPUS, GPT, limits=Limits(by_target={OPUS.target: (spent,)}))

    assert plan.is_api_used
    assert [found.backend.backend_id for found in plan.candidates] == [
        "openai/gpt-4",
        "anthropic/opus",
    ]
    assert [found.backend.is_available for found in plan.candidates] == [True, False]
    assert plan.candidates[1].backend.remedy == (
        "the hard limit anthropic/day has 100 of 100 tokens settled or held, too little is left for"
        " this; raise the limit, or wait"
    )


@pytest.mark.parametrize(("left_nano_usd", "used"), [(-1, False), (0, True), (1, True)])
def test_a_hard_budget_must_hold_what_the_call_may_cost(left_nano_usd, used):
    asked = task_of(
        900,
        required_capabilities=TRANSLATION,
        is_api_requested=True,
        is_paid_forced=True,
        context_tokens=1_000,
    )
    # COMPLEX near the limit: 1,000 tokens in, 4,096 out.
    cost_nano_usd = PRICES.hold_cost_nano_usd(OPUS.target, 1_000, 4_096)
    settled = 100 * cost_nano_usd
    budget = level(settled, settled + cost_nano_usd + left_nano_usd, meter=Meter.COST_NANO_USD)
    assert is_used(asked, OPUS, limits=Limits(by_target={OPUS.target: (budget,)})) is used


@pytest.mark.parametrize(
    ("asked", "limits", "reason"),
    [
        (task_of(300), None, "no paid API: complexity 0.30 is below 0.40"),
        (
            task_of(500, required_capabilities=("linting", "testing")),
            None,
            "no paid API: free tools cover linting and testing",
        ),
        (task_of(500), None, "no paid API: nothing is required that free tools do not cover"),
        (task_of(900, is_api_requested=True), NEAR, "no paid API: a limit is near"),
        (
            task_of(500, required_capabilities=("linting", "vision")),
            None,
            "paid API allowed: no free tool covers vision",
        ),
        (task_of(1, is_api_requested=True), None, "paid API allowed: a paid API was asked for"),
        (
            task_of(1, requested_model="opus"),
            None,
            "paid API allowed: opus was asked for by name",
        ),
        (
            task_of(1, is_api_requested=True, is_paid_forced=True),
            Limits((level(9, 9),)),
            "no paid API: the hard limit daily has 9 of 9 tokens settled or held",
        ),
    ],
)
def test_a_plan_says_why(asked, limits, reason):
    assert reason in planned(asked, OPUS, limits=limits).reasons
