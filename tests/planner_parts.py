"""Tasks, backends, limits and prices for tests of the planner."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from bursar_planner.domain.backends import Backend, Target
from bursar_planner.domain.limits import LimitLevel, Limits
from bursar_planner.domain.plan import Plan, Question
from bursar_planner.domain.rules_v1 import plan
from bursar_planner.domain.task import Task
from bursar_planner.domain.vocabulary import Meter, Tier


@dataclass(frozen=True)
class FixedPrices:
    """Nano-USD a token in and out, by model."""

    rows: dict[str, tuple[int, int]] = field(default_factory=dict)

    def hold_cost_nano_usd(self, target: Target, input_tokens: int, output_tokens: int):
        if target.model not in self.rows:
            return None
        input_price, output_price = self.rows[target.model]
        return input_tokens * input_price + output_tokens * output_price


# $15 and $75, $30 and $60 a million tokens.
PRICES = FixedPrices({"opus": (15_000, 75_000), "gpt-4": (30_000, 60_000)})


def task(description="Tidy this up", **fields):
    return Task(description, **fields)


def task_of(thousandths, **fields):
    """A task of exactly this complexity, up to 1,000: description, dependencies, tools, hint."""
    length = max(1, min(200, thousandths))
    left = thousandths - length
    dependencies = min(2, left // 100)
    left -= 100 * dependencies
    tools = min(1, left // 200)
    left -= 200 * tools
    return Task(
        "x" * length,
        dependencies=tuple(f"file-{number}" for number in range(dependencies)),
        required_tools=("anything",) * tools,
        complexity_hint=Fraction(left, 400),
        **fields,
    )


def tool(name, *capabilities, **fields):
    target = Target("local", name, Tier.LOCAL_TOOL)
    return Backend(f"tool/{name}", target, capabilities, **fields)


def login_cli(name, *capabilities, **fields):
    target = Target("anthropic", name, Tier.LOGIN_CLI, account_id="me")
    return Backend(f"cli/{name}", target, capabilities, **fields)


def local_model(name, *capabilities, **fields):
    target = Target("ollama", name, Tier.LOCAL_MODEL)
    return Backend(f"local/{name}", target, capabilities, **fields)


def paid_api(name, *capabilities, provider="anthropic", **fields):
    target = Target(provider, name, Tier.PAID_API)
    return Backend(f"{provider}/{name}", target, capabilities, **fields)


def level(taken, amount=100, *, limit_id="daily", meter=Meter.TOTAL_TOKENS, **fields):
    return LimitLevel(limit_id, meter, amount, settled=taken, **fields)


def planned(asked, *backends, limits=None, prices=PRICES) -> Plan:
    return plan(Question(asked, backends, limits or Limits(), prices))
