"""A plan reads as a person would want to read it."""

from bursar.planner.v1 import planner_pb2
from bursar_planner.rendering import plan_lines
from bursar_planner.replies import plan_message
from planner_parts import local_model, login_cli, paid_api, planned, task, task_of, tool

RUFF = tool("ruff-check", "linting")
QWEN = local_model("qwen", "debugging")
CLAUDE = login_cli("claude", "debugging", is_available=False, remedy="log in with `claude`")
OPUS = paid_api("opus", "vision")


def lines_of(plan):
    return plan_lines(plan_message(plan, "id"))


def test_a_plan_for_free_tools():
    asked = task_of(400, required_capabilities=("linting", "debugging"))
    assert "\n".join(lines_of(planned(asked, RUFF, QWEN, CLAUDE))) == (
        """\
MODERATE by rules-v1: at most 8,000 tokens, no paid call, 60 s, free
cache selective, compression safe

who, in this order
  1  tool/ruff-check  free local tool; covers linting
  2  local/qwen       free local model; covers debugging
  -  cli/claude       not available: log in with `claude`

agents
  coordinator  2,000 tokens
  debugger     4,000 tokens  linter, test_log_reader, test_runner
  validator    2,000 tokens  linter, test_runner

why
  complexity 0.40: description 200 characters (+0.20), 2 dependencies (+0.20)
  MODERATE: standard reasoning, normal context; at most 8,000 tokens, no paid call, 60 s
  no paid API: free tools cover linting and debugging
  cache selective; compression safe
  first tool/ruff-check: free local tool; covers linting"""
    )


def test_a_plan_that_pays_says_the_most_it_can_cost():
    lines = lines_of(planned(task("x", requested_model="opus"), OPUS))
    assert lines[0] == "TRIVIAL by rules-v1: at most 500 tokens, 1 paid call, 5 s, $0.0375 in all"


def test_a_plan_without_a_price_says_so():
    unknown = paid_api("new", "vision")
    lines = lines_of(planned(task("x", requested_model="new"), unknown))
    assert lines[0].endswith("price unknown")


def test_a_paid_api_that_the_rules_bar_says_what_would_let_it_and_what_it_costs():
    lines = lines_of(planned(task("x", required_capabilities=("vision",)), OPUS))
    assert (
        "  -  anthropic/opus  not used (about $0.009375 for 0 tokens in and 125 out): no paid API,"
        " because complexity 0.001 is below 0.40; ask for a paid API, or name one of its models"
    ) in lines


def test_where_nobody_can_work_the_plan_says_so():
    assert "  -  nobody here can do this" in lines_of(planned(task("x")))


def test_an_empty_plan_is_no_error():
    assert plan_lines(planner_pb2.Plan())


def test_no_name_moves_the_cursor():
    odd = tool("ruff\x1b[2J\n", "linting")
    lines = lines_of(planned(task("x", required_capabilities=("linting",)), odd))
    assert all(line.isprintable() for line in lines)
