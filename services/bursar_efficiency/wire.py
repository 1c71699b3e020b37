"""Events of all streams to facts; one lift a kind, unknown kinds are left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bursar.events.v1 import cache_pb2, event_pb2, tasks_pb2, usage_pb2
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.money import nano_usd_from_pico_usd
from bursar.quota.v1 import quota_pb2
from bursar_efficiency.domain import Fact, Saved, Tokens, What, Who, saved_by_provider_cache


def fact_of(envelope: event_pb2.Event) -> Fact | None:
    """The fact an event adds to totals; None for kinds that add nothing."""
    lift = _LIFTS.get(envelope.kind)
    return None if lift is None else lift(envelope)


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
        savings=(*_saved(event.savings), *_provider_cache(tokens, event.cost)),
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
        savings=(*_saved(event.savings), *_provider_cache(tokens, event.cost)),
    )


def _denied(envelope: event_pb2.Event) -> Fact:
    event = usage_pb2.Denied.FromString(envelope.payload)
    return Fact(What.DENIED, envelope.at_ns, _who(event.attribution, event.target))


def _hit(envelope: event_pb2.Event) -> Fact:
    event = cache_pb2.CacheHit.FromString(envelope.payload)
    saved = Saved(
        ledger_pb2.SAVING_CAUSE_RESPONSE_CACHE_EXACT,
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


_LIFTS: dict[str, Callable[[event_pb2.Event], Fact | None]] = {
    "usage.settled": _settled,
    "usage.expired": _expired,
    "usage.recorded": _recorded,
    "usage.denied": _denied,
    "cache.hit": _hit,
    "cache.miss": _miss,
    "task.ended": _task_ended,
}


def _who(attribution: ledger_pb2.Attribution, target: ledger_pb2.Target) -> Who:
    return Who(
        tenant_id=attribution.tenant_id,
        team_id=attribution.team_id,
        user_id=attribution.user_id,
        key_id=attribution.key_id,
        task_id=attribution.task_id,
        agent_id=attribution.agent_id,
        provider=target.provider,
        model=target.model,
        tier=ledger_pb2.BackendTier.Name(target.tier).removeprefix("BACKEND_TIER_").lower(),
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


def _saved(savings: Iterable[ledger_pb2.Saving]) -> tuple[Saved, ...]:
    """All but those of a cached answer, which `cache.hit` counts."""
    return tuple(
        Saved(
            saving.cause,
            saving.input_tokens,
            saving.output_tokens,
            saving.cost_nano_usd,
            saving.is_cost_known,
        )
        for saving in savings
        if saving.cause != ledger_pb2.SAVING_CAUSE_RESPONSE_CACHE_EXACT
    )


def _provider_cache(tokens: Tokens, cost: ledger_pb2.Cost) -> tuple[Saved, ...]:
    touched = tokens.cached_input_tokens or tokens.cache_write_tokens
    if not cost.HasField("price") or not (touched or tokens.cache_write_1h_tokens):
        return ()
    price = cost.price
    saved_pico_usd = saved_by_provider_cache(
        tokens,
        price.input_pico_usd_per_token,
        price.cached_input_pico_usd_per_token,
        (price.cache_write_pico_usd_per_token, price.cache_write_1h_pico_usd_per_token),
    )
    cause = ledger_pb2.SAVING_CAUSE_PROVIDER_PROMPT_CACHE
    return (Saved(cause, 0, 0, nano_usd_from_pico_usd(saved_pico_usd), True),)
