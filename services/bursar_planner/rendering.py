"""A plan as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bursar.money import format_usd
from bursar.planner.v1 import planner_pb2
from bursar_planner.domain.numerals import paid_calls

NS_PER_S = 1_000_000_000
INDENT = "  "
GAP = "  "


def plan_lines(plan: planner_pb2.Plan) -> list[str]:
    """What it allows, who works in which order, how the tokens are shared, and why. No colours, no
    control characters, whatever a name holds.
    """
    return [_printable(line) for line in _lines(plan)]


def evidence_lines(found: planner_pb2.ExplainResponse) -> list[str]:
    """What outcomes say of each backend for the plan's class, and the tasks most alike."""
    arms = (
        (arm.backend_id, f"{arm.success_probability:.0%}", f"{arm.outcomes:,} outcomes", _own(arm))
        for arm in found.arms
    )
    alike = (
        (task.task_id, f"{task.similarity:.2f} alike", task.backend_id, f"{task.quality:.0%}")
        for task in found.similar
    )
    lines = [found.plan_id]
    lines += _section("expected to succeed", _table(arms) or ["no outcome of its class is known"])
    lines += _section("tasks like it", _table(alike) or ["none whose outcome is known"])
    return [_printable(line) for line in lines]


def simulation_lines(found: planner_pb2.SimulateResponse, policy: str) -> list[str]:
    """Cost and quality of what was done, and of what the policy would have done."""
    if not found.plans:
        return ["no plan of that time chose among models while outcomes were learned from"]
    rows = (
        (name, format_usd(value.cost_nano_usd), f"{value.quality / found.plans:.0%} succeed")
        for name, value in (("as it was", found.actual), (policy, found.simulated))
    )
    same = f"{found.plans:,} plans, {found.same_choice:,} of them alike"
    return [_printable(line) for line in (same, *_table(rows))]


def _own(arm: planner_pb2.ArmEvidence) -> str:
    return f"here {arm.quality:.0%}" if arm.HasField("quality") else ""


def _lines(plan: planner_pb2.Plan) -> Iterator[str]:
    level = planner_pb2.ThoughtLevel.Name(plan.thought_level).removeprefix("THOUGHT_LEVEL_")
    yield f"{level} by {plan.policy}: {_budget(plan.budget)}"
    strategy = planner_pb2.CacheStrategy.Name(plan.cache_strategy)
    cache = strategy.removeprefix("CACHE_STRATEGY_").lower()
    yield f"cache {cache}, compression {plan.compression_level}"
    yield from _section("who, in this order", _table(_candidates(plan)))
    yield from _section("agents", _table(_agents(plan)))
    yield from _section("why", plan.reasons)


def _budget(budget: planner_pb2.Budget) -> str:
    calls = paid_calls(budget.max_api_calls)
    duration_s = budget.max_duration_ns // NS_PER_S
    return f"at most {budget.max_tokens:,} tokens, {calls}, {duration_s:,} s, {_cost(budget)}"


def _cost(budget: planner_pb2.Budget) -> str:
    if not budget.is_cost_known:
        return "price unknown"
    if not budget.max_cost_nano_usd:
        return "free"
    return f"{format_usd(budget.max_cost_nano_usd)} in all"


def _candidates(plan: planner_pb2.Plan) -> Iterator[tuple[str, ...]]:
    """Those that cannot work have no number."""
    number = 0
    for candidate in plan.candidates:
        backend = candidate.backend
        number += backend.is_available
        place = str(number) if backend.is_available else "-"
        yield (place, backend.backend_id, candidate.reason)
    if not plan.candidates:
        yield ("-", "nobody here can do this", "")


def _agents(plan: planner_pb2.Plan) -> Iterator[tuple[str, ...]]:
    for agent in plan.agents:
        yield (agent.role, f"{agent.max_tokens:,} tokens", ", ".join(agent.tools))


def _table(rows: Iterator[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell, but for the last."""
    found = list(rows)
    if not found:
        return []
    widths = [max(len(cell) for cell in column) for column in zip(*found, strict=True)]
    return [
        GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in found
    ]


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield title
    for line in lines:
        yield f"{INDENT}{line}"


def _printable(line: str) -> str:
    """Names come from outside; none of them moves a cursor."""
    return "".join(character if character.isprintable() else "?" for character in line)
