"""Sums of what backends hold and use; costs by the price row of their hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bursar.ledger.v1 import ledger_pb2
from bursar.prices.recording import recorded_cost, recorded_row
from bursar_executor.backends.backend import Hold, Outcome


def _nothing() -> ledger_pb2.Cost:
    return ledger_pb2.Cost(is_known=True)


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens and what they cost."""

    usage: ledger_pb2.TokenUsage = field(default_factory=ledger_pb2.TokenUsage)
    cost: ledger_pb2.Cost = field(default_factory=_nothing)


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


def sum_of_costs(costs: Iterable[ledger_pb2.Cost]) -> ledger_pb2.Cost:
    """Known only where every part is; with the price row of the last part that has one."""
    total = ledger_pb2.Cost(is_known=True)
    for cost in costs:
        total.total_nano_usd += cost.total_nano_usd
        total.is_known &= cost.is_known
        if cost.HasField("price"):
            total.price.CopyFrom(cost.price)
    return total


def sum_of_spent(parts: Iterable[Spent]) -> Spent:
    """All of it."""
    known = tuple(parts)
    return Spent(
        sum_of_usages(part.usage for part in known), sum_of_costs(part.cost for part in known)
    )


def whole_hold(hold: Hold) -> Spent:
    """All that was set aside, as what is charged where nobody knows what was used."""
    amounts = hold.amounts
    cost = ledger_pb2.Cost(
        total_nano_usd=amounts.cost_nano_usd,
        is_known=hold.price is not None or not (amounts.input_tokens or amounts.output_tokens),
    )
    if hold.price is not None:
        cost.price.CopyFrom(recorded_row(hold.price, amounts.input_tokens))
    usage = ledger_pb2.TokenUsage(
        input_tokens=amounts.input_tokens, output_tokens=amounts.output_tokens, is_estimate=True
    )
    return Spent(usage, cost)


def spent_by(hold: Hold, outcome: Outcome) -> Spent:
    """What was used, at the price of its hold; the whole hold where nobody knows."""
    if outcome.is_usage_unknown:
        return whole_hold(hold)
    if not outcome.usage.input_tokens and not outcome.usage.output_tokens:
        return Spent()
    return Spent(outcome.usage, recorded_cost(hold.price, outcome.usage))
