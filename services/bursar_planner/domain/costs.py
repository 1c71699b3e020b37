"""What a plan's tokens cost at a backend, before any is spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bursar.tokens.shares import shares_of
from bursar_planner.domain.backends import Backend, Target
from bursar_planner.domain.limits import Need
from bursar_planner.domain.task import Task


class Prices(Protocol):
    """List prices, as far as they are known."""

    def hold_cost_nano_usd(
        self, target: Target, input_tokens: int, output_tokens: int
    ) -> int | None:
        """What one call costs at most, rounded up; None where no price is known."""
        ...


@dataclass(frozen=True, slots=True)
class Split:
    """The tokens of one expected call: what is read and what may be written."""

    input_tokens: int
    output_tokens: int


def expected_split(task: Task, max_tokens: int) -> Split:
    """What may be written, and of what may be read as much as there is."""
    shares = shares_of(max_tokens)
    read_tokens = task.description_tokens + task.context_tokens
    return Split(min(read_tokens, shares.input_tokens), shares.output_tokens)


def expected_need(backend: Backend, split: Split, prices: Prices) -> Need:
    """What the expected call takes. Only paid APIs cost money."""
    cost_nano_usd: int | None = 0
    if backend.is_paid:
        cost_nano_usd = prices.hold_cost_nano_usd(
            backend.target, split.input_tokens, split.output_tokens
        )
    return Need(split.input_tokens, split.output_tokens, cost_nano_usd)


def most_nano_usd(backend: Backend, max_tokens: int, prices: Prices) -> int | None:
    """What the whole budget costs at most: all of it at the dearer of reading and writing."""
    if not backend.is_paid:
        return 0
    read = prices.hold_cost_nano_usd(backend.target, max_tokens, 0)
    written = prices.hold_cost_nano_usd(backend.target, 0, max_tokens)
    return None if read is None or written is None else max(read, written)
