"""Events of all streams to facts; one lift a kind, unknown kinds are left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bursar.events.v1 import cache_pb2, event_pb2, plans_pb2, tasks_pb2, usage_pb2
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.quota.v1 import quota_pb2
from bursar_efficiency.domain.baseline import Rates, of_call
from bursar_efficiency.domain.facts import Fact, Saved, Tokens, What, Who, packed_labels

PLAN_MADE = "plan.made"


def fact_of(envelope: event_pb2.Event) -> Fact | None:
    """The fact an event adds to totals; None for kinds that add nothing."""
    lift = _LIFTS.get(envelope.kind)
    return None if lift is None else lift(envelope)


def thought_level_of(envelope: event_pb2.Event) -> str:
    """How hard a plan was to be thought about, of a `plan.made`."""
    plan = plans_pb2.PlanMade.FromString(envelope.payload).plan
    level = planner_pb2.ThoughtLevel.Name(plan.thought_level)
    return level.removeprefix("THOUGHT_LEVEL_").lower()


def _settled(envelope: event_pb2.Event) -> Fact:
    event = usage_pb2.Settled.FromString(envelope.payload)
    tokens = _tokens(event.usage)
    is_free_work = event.target.tier == ledger_pb2.BACKEND_TIER_LOCAL_TOOL
    return Fact(
        what=What.FREE_WORK if is_free_work else _certainty(event.outcome),
        at_ns=envelope.at_ns,
        who=_who(event.attribution, event.target),
        tokens=tokens,
        calls=0 if is_free_work else max(1, event.requests),
        cost_nano_usd=event.cost.total_nano_usd,
        is_cost_known=event.cost.is_known,
        overrun_nano_usd=event.overrun.cost_nano_usd,
        savings=_savings(event.savings, tokens, event.cost),
        replaces_charge_of=event.reservation_id if event.is_late else "",
    )


def _certainty(outcome: quota_pb2.Outcome.ValueType) -> What:
    return What.UNKNOWN if outcome == quota_pb2.OUTCOME_UNKNOWN else What.CALL


def _expired(envelope: event_pb2.Event) -> Fact | None:
    event = usage_pb2.Expired.FromString(envelope.payload)
    if not event.is_charged:
        return None
    return Fact(
        what=What.UNKNOWN,
        at_ns=envelope.at_ns,
        who=_who(event.attribution, event.target),
        tokens=Tokens(
            input_tokens=event.charged.input_tokens,
            output_tokens=event.charged.output_tokens,
            is_estimate=True,
        ),
        calls=max(1, event.charged.requests),
        cost_nano_usd=event.charged.cost_nano_usd,
        charges=event.reservation_id,
    )


def _recorded(envelope: event_pb2.Event) -> Fact:
    event = usage_pb2.UsageRecorded.FromString(envelope.payload)
    tokens = _tokens(event.usage)
    is_free_work = event.target.tier == ledger_pb2.BACKEND_TIER_LOCAL_TOOL
    return Fact(
        what=What.FREE_WORK if is_free_work else What.CALL,
        at_ns=envelope.at_ns,
        who=_who(event.attribution, event.target),
        tokens=tokens,
        calls=0 if is_free_work else max(1, event.requests),
        cost_nano_usd=event.cost.total_nano_usd,
        is_cost_known=event.cost.is_known,
        savings=_savings(event.savings, tokens, event.cost),
    )


def _adjusted(envelope: event_pb2.Event) -> Fact:
    """A correction counts when it is made: what was reported before stays as it was."""
    event = usage_pb2.UsageAdjusted.FromString(envelope.payload)
    amounts = event.amounts
    return Fact(
        what=What.CALL,
        at_ns=envelope.at_ns,
        who=_who(event.attribution, event.target),
        tokens=Tokens(amounts.input_tokens, output_tokens=amounts.output_tokens),
        calls=amounts.requests,
        cost_nano_usd=amounts.cost_nano_usd,
    )


def _denied(envelope: event_pb2.Event) -> Fact:
    event = usage_pb2.Denied.FromString(envelope.payload)
    return Fact(What.DENIED, envelope.at_ns, _who(event.attribution, event.target))


def _hit(envelope: event_pb2.Event) -> Fact:
    event = cache_pb2.CacheHit.FromString(envelope.payload)
    is_by_meaning = event.HasField("evidence")
    saved = Saved(
        ledger_pb2.SAVING_CAUSE_RESPONSE_CACHE_SEMANTIC
        if is_by_meaning
        else ledger_pb2.SAVING_CAUSE_RESPONSE_CACHE_EXACT,
        event.saved_usage.input_tokens,
        event.saved_usage.output_tokens,
        event.saved_cost.total_nano_usd,
        event.saved_cost.is_known,
    )
    who = _who(event.attribution, event.target)
    return Fact(What.HIT, envelope.at_ns, who, savings=(saved,))


def _miss(envelope: event_pb2.Event) -> Fact:
    event = cache_pb2.CacheMiss.FromString(envelope.payload)
    return Fact(What.MISS, envelope.at_ns, _who(event.attribution, event.target))


def _task_ended(envelope: event_pb2.Event) -> Fact:
    event = tasks_pb2.TaskEnded.FromString(envelope.payload)
    is_done = event.state == executor_pb2.TASK_STATE_COMPLETED
    return Fact(
        What.TASK_COMPLETED if is_done else What.TASK_FAILED,
        envelope.at_ns,
        Who(tenant_id=envelope.tenant_id, task_id=envelope.task_id),
    )


_OF_CACHED_ANSWERS = (
    ledger_pb2.SAVING_CAUSE_RESPONSE_CACHE_EXACT,
    ledger_pb2.SAVING_CAUSE_RESPONSE_CACHE_SEMANTIC,
)
_TIERS = {
    number: name.removeprefix("BACKEND_TIER_").lower()
    for name, number in ledger_pb2.BackendTier.items()
    if number  # what went nowhere has no tier
}

_LIFTS: dict[str, Callable[[event_pb2.Event], Fact | None]] = {
    "usage.settled": _settled,
    "usage.expired": _expired,
    "usage.recorded": _recorded,
    "usage.adjusted": _adjusted,
    "usage.denied": _denied,
    "cache.hit": _hit,
    "cache.miss": _miss,
    "task.ended": _task_ended,
}


def _who(attribution: ledger_pb2.Attribution, target: ledger_pb2.Target) -> Who:
    return Who(
        attribution.tenant_id,
        attribution.team_id,
        attribution.user_id,
        attribution.key_id,
        attribution.agent_id,
        target.provider,
        target.model,
        _TIERS.get(target.tier, ""),
        packed_labels(attribution.labels) if attribution.labels else "",
        attribution.task_id,
    )


def _tokens(usage: ledger_pb2.TokenUsage) -> Tokens:
    return Tokens(
        usage.input_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens,
        usage.cache_write_1h_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
        usage.is_estimate,
    )


def _savings(
    savings: Sequence[ledger_pb2.Saving], tokens: Tokens, cost: ledger_pb2.Cost
) -> tuple[Saved, ...]:
    """What the call saved by cause, at the rates that its event recorded; unpriced without them.

    All but that of a cached answer, which `cache.hit` counts.
    """
    if not savings and tokens.uncached:
        return ()
    told = [
        Saved(
            saving.cause,
            saving.input_tokens,
            saving.output_tokens,
            saving.cost_nano_usd,
            saving.is_cost_known,
        )
        for saving in savings
        if saving.cause not in _OF_CACHED_ANSWERS
    ]
    if not cost.HasField("price"):
        return tuple(told)
    return of_call(told, tokens, _rates(cost.price))


def _rates(price: ledger_pb2.PriceRow) -> Rates:
    return Rates(
        price.input_pico_usd_per_token,
        price.cached_input_pico_usd_per_token,
        price.cache_write_pico_usd_per_token,
        price.cache_write_1h_pico_usd_per_token,
        price.output_pico_usd_per_token,
    )
