"""The policy as a whole: golden plans, determinism, and its known weaknesses."""

import random
import time

from bursar_planner.domain.limits import Limits
from bursar_planner.domain.policies import POLICIES
from bursar_planner.domain.task import checked_hint
from bursar_planner.domain.vocabulary import CacheStrategy, CompressionLevel, ThoughtLevel
from planner_parts import (
    level,
    local_model,
    login_cli,
    paid_api,
    planned,
    task,
    tool,
)

RUFF = tool("ruff-check", "linting")
FORMAT = tool("ruff-format", "formatting")
CLAUDE = login_cli("claude", "code_review", "debugging", is_available=False, remedy="log in")
QWEN = local_model("qwen", "debugging")
OPUS = paid_api("opus", "debugging", "translation")
EVERYBODY = (RUFF, FORMAT, CLAUDE, QWEN, OPUS)


def test_a_golden_plan_for_a_small_task():
    plan = planned(
        task("Fix the lint faults and format it", required_capabilities=("linting", "formatting")),
        *EVERYBODY,
    )

    assert plan.policy == "rules-v1"
    assert plan.thought_level is ThoughtLevel.TRIVIAL
    assert plan.cache_strategy is CacheStrategy.AGGRESSIVE
    assert plan.compression_level is CompressionLevel.SAFE
    assert plan.uncovered_capabilities == ()
    assert plan.reasons == (
        "complexity 0.033: description 33 characters (+0.033)",
        "TRIVIAL: simple look-up, no reasoning; at most 500 tokens, no paid call, 5 s",
        "no paid API: complexity 0.033 is below 0.40",
        "cache aggressive; compression safe",
        "first tool/ruff-check: free local tool; covers linting",
    )


def test_a_golden_plan_for_a_large_task():
    plan = planned(
        task(
            "x" * 212,
            dependencies=("a.py", "b.py", "c.py"),
            required_tools=("pytest",),
            required_capabilities=("debugging", "translation"),
            complexity_hint=checked_hint(0.6),
            context_tokens=90_000,
        ),
        *EVERYBODY,
    )

    assert plan.thought_level is ThoughtLevel.CRITICAL
    assert [candidate.backend.backend_id for candidate in plan.candidates] == [
        "local/qwen",
        "anthropic/opus",
        "cli/claude",
    ]
    assert plan.budget.max_cost_nano_usd == 100_000 * 75_000
    assert plan.reasons == (
        "complexity 0.84: description 212 characters (+0.20), 3 dependencies (+0.20),"
        " 1 tool (+0.20), hint 0.60 (+0.24)",
        "CRITICAL: maximum reasoning, full context; at most 100,000 tokens, 20 paid calls, 600 s",
        "paid API allowed: no free tool covers translation",
        "cache none; compression safe",
        "first local/qwen: free local model; covers debugging",
    )


def test_the_same_question_gives_the_same_plan():
    asked = task(
        "Find out why this fails",
        required_capabilities=("debugging", "translation"),
        complexity_hint=checked_hint(0.7),
        context_tokens=4_000,
    )
    limits = Limits((level(85),), {OPUS.target: (level(85), level(99, limit_id="anthropic"))})
    first = planned(asked, *EVERYBODY, limits=limits)

    assert all(planned(asked, *EVERYBODY, limits=limits) == first for _ in range(20))


def test_the_order_of_limits_changes_nothing():
    levels = [level(81 + number, limit_id=f"limit-{number}") for number in range(8)]
    first = planned(task(), limits=Limits(tuple(levels)))
    random.Random(7).shuffle(levels)
    assert planned(task(), limits=Limits(tuple(levels))) == first


def test_weakness_the_rules_see_no_difference_above_200_characters_2_dependencies_and_1_tool():
    small = task("x" * 200, dependencies=("a", "b"), required_tools=("ruff",))
    large = task("x" * 90_000, dependencies=("a",) * 900, required_tools=("ruff",) * 900)
    assert planned(small).complexity == planned(large).complexity


def test_weakness_without_a_hint_no_task_is_critical():
    largest = task("x" * 90_000, dependencies=("a",) * 900, required_tools=("ruff",) * 900)
    assert planned(largest).thought_level is ThoughtLevel.COMPLEX


def test_weakness_what_a_task_says_does_not_matter_only_how_long_it_is():
    hard = "Prove that this lock-free queue is linearisable"
    easy = "Please say hello to everyone here, would you ok"
    assert len(hard) == len(easy)
    assert planned(task(hard)).complexity == planned(task(easy)).complexity


def test_the_names_of_policies_are_fixed():
    assert list(POLICIES) == ["rules-v1", "learned-v1"]
    assert planned(task()).policy == "rules-v1"


def test_a_decision_takes_well_below_a_millisecond_of_its_thread():
    asked = task("x" * 150, required_capabilities=("debugging", "translation"))
    taken_ns = []
    for _ in range(200):
        began_ns = time.thread_time_ns()  # not the clock's: other work on the machine is no matter
        planned(asked, *EVERYBODY)
        taken_ns.append(time.thread_time_ns() - began_ns)
    assert sorted(taken_ns)[100] < 1_000_000
