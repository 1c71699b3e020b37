"""Who shares the tokens of a plan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar_planner.domain import tables
from bursar_planner.domain.team import specialists_needed, team_for
from bursar_planner.domain.vocabulary import ThoughtLevel
from planner_parts import planned, task, task_of


def shares(agents):
    return [(agent.role, agent.max_tokens) for agent in agents]


def test_trivial_work_is_one_simple_executor_with_linter_and_formatter():
    (agent,) = planned(task_of(1)).agents
    assert (agent.role, agent.max_tokens, agent.tools) == (
        "simple_executor",
        500,
        ("linter", "formatter"),
    )


def test_simple_work_is_one_specialist_with_the_tools_of_its_capabilities():
    (agent,) = planned(task_of(200, required_capabilities=("linting", "debugging"))).agents
    assert (agent.role, agent.max_tokens) == ("debugger", 2_000)
    assert agent.tools == ("linter", "test_log_reader", "test_runner")


def test_moderate_work_is_coordinator_specialist_and_validator():
    agents = planned(task_of(400, required_capabilities=("refactoring",))).agents
    assert shares(agents) == [
        ("coordinator", 2_000),
        ("refactorer", 4_000),
        ("validator", 2_000),
    ]


def test_complex_work_is_a_full_team():
    asked = task_of(600, required_capabilities=("testing", "code_generation"))
    assert shares(planned(asked).agents) == [
        ("coordinator", 3_200),
        ("researcher", 6_400),
        ("code_writer", 8_000),
        ("tester", 8_000),
        ("validator", 6_400),
    ]


def test_critical_work_has_the_same_team_with_more():
    assert shares(planned(task_of(800)).agents) == [
        ("coordinator", 10_000),
        ("researcher", 20_000),
        ("generalist", 50_000),
        ("validator", 20_000),
    ]


def test_what_division_leaves_goes_to_the_validator():
    asked = task_of(600, required_capabilities=("debugging", "testing", "documentation"))
    agents = planned(asked).agents
    assert shares(agents)[2:] == [
        ("debugger", 5_333),
        ("tester", 5_333),
        ("technical_writer", 5_333),
        ("validator", 6_401),
    ]


def test_nobody_identified_means_one_generalist():
    assert specialists_needed(()) == ("generalist",)
    assert specialists_needed(("translation", "vision")) == ("generalist",)


def test_one_specialist_for_two_capabilities_of_his_stands_once():
    assert specialists_needed(("formatting", "linting")) == ("style_checker",)


def test_the_order_of_the_table_decides_not_the_order_of_the_request():
    one = specialists_needed(("documentation", "debugging"))
    assert one == specialists_needed(("debugging", "documentation"))
    assert one == ("debugger", "technical_writer")


def test_each_specialist_of_a_team_has_the_tools_of_its_own_capabilities():
    asked = task_of(600, required_capabilities=("linting", "testing"))
    tools = {agent.role: agent.tools for agent in planned(asked).agents}
    named = ("anything",)  # the tool that the task asks for by name
    assert tools["tester"] == ("test_runner", *named)
    assert tools["style_checker"] == ("linter", *named)
    assert tools["validator"] == ("linter", "test_runner")
    assert tools["coordinator"] == tools["researcher"] == ()


def test_every_free_capability_has_a_specialist_and_tools():
    assert set(tables.SPECIALISTS) == set(tables.TOOLS) == tables.FREE_CAPABILITIES


@given(
    level=st.sampled_from(ThoughtLevel),
    max_tokens=st.integers(0, 1_000_000),
    capabilities=st.lists(st.sampled_from([*tables.SPECIALISTS, "vision"]), unique=True),
)
def test_the_shares_of_a_team_sum_to_the_budget(level, max_tokens, capabilities):
    agents = team_for(level, task(required_capabilities=tuple(capabilities)), max_tokens)
    assert sum(agent.max_tokens for agent in agents) == max_tokens
    assert all(agent.max_tokens >= 0 for agent in agents)


@pytest.mark.parametrize("thousandths", range(50, 1_001, 50))
def test_the_shares_of_a_plan_sum_to_its_budget(thousandths):
    asked = task_of(thousandths, required_capabilities=tuple(tables.SPECIALISTS))
    plan = planned(asked)
    assert sum(agent.max_tokens for agent in plan.agents) == plan.budget.max_tokens
