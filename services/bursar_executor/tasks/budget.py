"""What a plan lets a task take, enforced while it runs."""

from __future__ import annotations

from bursar.ledger.v1 import ledger_pb2
from bursar.money import format_usd
from bursar.planner.v1 import planner_pb2
from bursar_executor.backends.backend import BudgetExhausted, Hold
from bursar_executor.tasks.ledger import Spent

REMEDY = "say with --hint that it needs more"


class TaskBudget:
    """Counts what models took; refuses the call after which it would be more than the plan allows.

    A first call is never refused for its size: the plan's shares have made it fit.
    """

    def __init__(self, budget: planner_pb2.Budget) -> None:
        self._budget = budget
        self._calls = self._paid_calls = 0
        self._tokens = self._cost_nano_usd = 0
        self.left_s = budget.max_duration_ns / 1e9

    @property
    def left_tokens(self) -> int:
        """What a further call may take, read and written."""
        return max(0, self._budget.max_tokens - self._tokens)

    def took(self, spent: Spent, *, is_paid: bool, calls: int = 1) -> None:
        """A model's call has ended, or is charged in full."""
        self._calls += calls
        self._paid_calls += calls * is_paid
        self._tokens += spent.usage.input_tokens + spent.usage.output_tokens
        self._cost_nano_usd += spent.cost.total_nano_usd

    def lasted(self, duration_s: float) -> None:
        """Somebody worked so long; what starting took is left out."""
        self.left_s -= max(0.0, duration_s)

    def check(self, hold: Hold, *, is_paid: bool) -> None:
        """Raises BudgetExhausted where a call that can take `hold` would be too much."""
        if not self._calls:
            return
        most = self._budget
        if is_paid and self._paid_calls >= most.max_api_calls:
            raise BudgetExhausted(f"the plan allows {most.max_api_calls} paid calls; {REMEDY}")
        tokens = self._tokens + _tokens_of(hold.amounts)
        if tokens > most.max_tokens:
            raise BudgetExhausted(
                f"{tokens:,} tokens with this call, and the plan allows {most.max_tokens:,};"
                f" {REMEDY}"
            )
        cost_nano_usd = self._cost_nano_usd + hold.amounts.cost_nano_usd
        if is_paid and most.is_cost_known and cost_nano_usd > most.max_cost_nano_usd:
            raise BudgetExhausted(
                f"{format_usd(cost_nano_usd)} with this call, and the plan allows"
                f" {format_usd(most.max_cost_nano_usd)}; {REMEDY}"
            )

    def check_time(self) -> None:
        """Raises BudgetExhausted where no time is left to begin anything."""
        if self.left_s <= 0:
            allowed_s = self._budget.max_duration_ns / 1e9
            raise BudgetExhausted(f"the plan's {allowed_s:g} s are over; {REMEDY}")


def _tokens_of(amounts: ledger_pb2.Amounts) -> int:
    return amounts.input_tokens + amounts.output_tokens
