"""The rules' plan, with who works chosen by outcomes, and never against a limit."""

from random import Random

import numpy as np
import pytest

from bursar_planner.domain.learned import learned_v1
from bursar_planner.domain.learned.experience import Experience
from bursar_planner.domain.learned.state import Decision, Learned, Outcome
from bursar_planner.domain.limits import Limits
from bursar_planner.domain.plan import Question
from bursar_planner.domain.rules_v1 import plan as rules_plan
from planner_parts import PRICES, level, local_model, paid_api, task, tool

LOCAL = local_model("small", "translation")
OPUS = paid_api("opus", "translation")
MARKS = np.array([1, 2], np.uint16)


def taught(**quality):
    """What 200 outcomes of each arm teach."""
    learned, coins = Learned(), Random(4)
    for number in range(200):
        for arm, chance in quality.items():
            plan_id = f"plan_{arm}_{number}"
            learned.decided(Decision(plan_id, "acme", "translation", MARKS, 0.5))
            name = {"local": LOCAL, "opus": OPUS}[arm].backend_id
            learned.ended(Outcome(plan_id, name, float(coins.random() < chance)))
    return learned


def planned(learned, *backends, near=None, coins=(0.5,) * 5, **fields):
    asked = task("Translate this letter", required_capabilities=("translation",), **fields)
    question = Question(asked, backends, near or Limits(), PRICES)
    decision = Decision("plan_new", "acme", "translation", MARKS, 0.9)
    return learned_v1.plan(question, Experience(learned, decision, coins)), question


def first(plan):
    return plan.candidates[0].backend.backend_id


def test_a_paid_model_is_chosen_below_the_rules_complexity_where_its_uplift_is_worth_it():
    plan, question = planned(taught(local=0.2, opus=0.95), LOCAL, OPUS)
    assert first(rules_plan(question)) == LOCAL.backend_id
    assert first(plan) == OPUS.backend_id
    assert plan.is_api_used
    assert plan.budget.max_api_calls > 0


def test_a_free_model_that_does_as_well_is_chosen_before_a_paid_one():
    plan, _ = planned(taught(local=0.95, opus=0.95), LOCAL, OPUS)
    assert first(plan) == LOCAL.backend_id


def test_of_a_class_nobody_knows_the_rules_choose():
    plan, question = planned(Learned(), LOCAL, OPUS)
    assert first(plan) == first(rules_plan(question))
    assert plan.learned.ground == "rules"


def test_near_a_limit_no_outcome_makes_it_use_a_paid_api():
    near = Limits((level(90),))
    plan, _ = planned(taught(local=0.1, opus=0.99), LOCAL, OPUS, near=near)
    assert first(plan) == LOCAL.backend_id
    assert not plan.is_api_used


def test_a_model_asked_for_by_name_is_not_argued_with():
    plan, _ = planned(taught(local=0.1, opus=0.99), LOCAL, OPUS, requested_model="small")
    assert first(plan) == LOCAL.backend_id
    assert plan.learned is None


def test_what_free_tools_cover_is_left_to_them():
    ruff = tool("ruff", "translation")
    plan, _ = planned(taught(local=0.1, opus=0.99), ruff, LOCAL, OPUS)
    assert first(plan) == ruff.backend_id


def test_the_same_coins_give_the_same_plan():
    learned = taught(local=0.5, opus=0.6)
    assert planned(learned, LOCAL, OPUS)[0] == planned(learned, LOCAL, OPUS)[0]


def test_a_plan_says_what_each_is_expected_to_succeed_at_and_how_likely_the_choice_was():
    plan, _ = planned(taught(local=0.2, opus=0.95), LOCAL, OPUS)
    chances = {found.backend.backend_id: found.chance for found in plan.candidates}
    assert chances[OPUS.backend_id] == pytest.approx(0.95, abs=0.05)
    assert chances[LOCAL.backend_id] == pytest.approx(0.2, abs=0.08)
    assert 0.9 < plan.learned.propensity <= 1
    assert any("expected to succeed" in reason for reason in plan.reasons)


def test_agents_share_the_budget_exactly_whoever_works():
    for learned in (Learned(), taught(local=0.2, opus=0.95)):
        plan, _ = planned(learned, LOCAL, OPUS)
        assert sum(agent.max_tokens for agent in plan.agents) == plan.budget.max_tokens
