"""Sums of what backends hold and use; costs by the price row of their hold."""

from __future__ import annotations

from collections.abc import Iterable

from bursar.ledger.v1 import ledger_pb2
from bursar.prices.recording import recorded_cost
from bursar_executor.backends.backend import Hold, Outcome


def sum_of_holds(holds: Iterable[Hold]) -> ledger_pb2.Amounts:
    """Meter by meter."""
    total = ledger_pb2.Amounts()
    for hold in holds:
        total.requests += hold.amounts.requests
        total.input_tokens += hold.amounts.input_tokens
        total.output_tokens += hold.amounts.output_tokens
        total.cost_nano_usd += hold.amounts.cost_nano_usd
    return total


def sum_of_usages(usages: Iterable[ledger_pb2.TokenUsage]) -> ledger_pb2.TokenUsage:
    """Kind by kind; an estimate as soon as one part is."""
    total = ledger_pb2.TokenUsage()
    for usage in usages:
        total.input_tokens += usage.input_tokens
        total.cached_input_tokens += usage.cached_input_tokens
        total.cache_write_tokens += usage.cache_write_tokens
        total.cache_write_1h_tokens += usage.cache_write_1h_tokens
        total.output_tokens += usage.output_tokens
        total.reasoning_tokens += usage.reasoning_tokens
        total.is_estimate |= usage.is_estimate
    return total


def cost_of(hold: Hold, outcome: Outcome) -> ledger_pb2.Cost:
    """The cost of what was used; the whole hold where nobody knows what was used."""
    used_nothing = not outcome.usage.input_tokens and not outcome.usage.output_tokens
    if outcome.is_usage_unknown:
        return ledger_pb2.Cost(
            total_nano_usd=hold.amounts.cost_nano_usd, is_known=hold.price is not None
        )
    if used_nothing:
        return ledger_pb2.Cost(is_known=True)
    return recorded_cost(hold.price, outcome.usage)


def sum_of_costs(costs: Iterable[ledger_pb2.Cost]) -> ledger_pb2.Cost:
    """Known only where every part is; with the price row of the last part that has one."""
    total = ledger_pb2.Cost(is_known=True)
    for cost in costs:
        total.total_nano_usd += cost.total_nano_usd
        total.is_known &= cost.is_known
        if cost.HasField("price"):
            total.price.CopyFrom(cost.price)
    return total
