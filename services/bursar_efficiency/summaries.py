"""What an event says in one line, and the tokens and cost it carries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bursar.cache.v1 import cache_pb2 as cache_contract
from bursar.events.v1 import (
    cache_pb2,
    compression_pb2,
    event_pb2,
    plans_pb2,
    tasks_pb2,
    usage_pb2,
)
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.money import format_usd
from bursar.planner.v1 import planner_pb2
from bursar.quota.v1 import quota_pb2


@dataclass(frozen=True, slots=True)
class Told:
    """One line, and amounts where the event has any."""

    line: str
    usage: ledger_pb2.TokenUsage | None = None
    cost: ledger_pb2.Cost | None = None


def told(envelope: event_pb2.Event) -> Told:
    """For every kind known; others are told by their kind alone."""
    tell = _TELLERS.get(envelope.kind)
    return Told("") if tell is None else tell(envelope.payload)


def _word(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower().replace("_", " ")


def _to(target: ledger_pb2.Target) -> str:
    return "/".join(filter(None, (target.provider, target.model)))


def _amounts(amounts: ledger_pb2.Amounts) -> str:
    return (
        f"{amounts.input_tokens:,} tokens in, {amounts.output_tokens:,} out,"
        f" {format_usd(amounts.cost_nano_usd)}"
    )


def _reserved(payload: bytes) -> Told:
    event = usage_pb2.Reserved.FromString(payload)
    how = "held and dispatched" if event.is_dispatched else "held"
    return Told(f"{how} for {_to(event.target)}: {_amounts(event.held)}")


def _denied(payload: bytes) -> Told:
    event = usage_pb2.Denied.FromString(payload)
    return Told(f"{event.reason} (limit {event.denied_by.limit.limit_id})")


def _settled(payload: bytes) -> Told:
    event = usage_pb2.Settled.FromString(payload)
    outcome = _word(quota_pb2.Outcome.Name(event.outcome), "OUTCOME_")
    source = _word(quota_pb2.UsageSource.Name(event.source), "USAGE_SOURCE_")
    request = f", request {event.provider_request_id}" if event.provider_request_id else ""
    line = f"{outcome} on {_to(event.target)}, usage by {source}{request}"
    return Told(line, event.usage, event.cost)


def _recorded(payload: bytes) -> Told:
    event = usage_pb2.UsageRecorded.FromString(payload)
    return Told(f"recorded for {_to(event.target)}", event.usage, event.cost)


def _expired(payload: bytes) -> Told:
    event = usage_pb2.Expired.FromString(payload)
    if not event.is_charged:
        return Told("let go: it was never sent")
    charged = event.charged
    usage = ledger_pb2.TokenUsage(
        input_tokens=charged.input_tokens, output_tokens=charged.output_tokens, is_estimate=True
    )
    cost = ledger_pb2.Cost(total_nano_usd=charged.cost_nano_usd, is_known=True)
    return Told(f"nobody knows what became of it, charged: {_amounts(charged)}", usage, cost)


def _released(payload: bytes) -> Told:
    return Told(f"let go: {usage_pb2.Released.FromString(payload).reason}")


def _limit_put(payload: bytes) -> Told:
    event = usage_pb2.LimitPut.FromString(payload)
    return Told(f"{event.limit.limit_id} by {event.author}: {event.reason}")


def _submitted(payload: bytes) -> Told:
    event = tasks_pb2.TaskSubmitted.FromString(payload)
    return Told(f"{event.description_bytes} bytes of words, {len(event.inputs)} files")


def _steps(payload: bytes) -> Told:
    return Told(", ".join(map(_step, tasks_pb2.StepsRecorded.FromString(payload).steps)))


def _step(step: tasks_pb2.StepRecord) -> str:
    name = _word(executor_pb2.StepName.Name(step.name), "STEP_NAME_")
    state = _word(executor_pb2.StepState.Name(step.state), "STEP_STATE_")
    by = f" by {step.backend_id}" if step.backend_id else ""
    return f"{name} {state}{by}"


def _ended(payload: bytes) -> Told:
    event = tasks_pb2.TaskEnded.FromString(payload)
    state = _word(executor_pb2.TaskState.Name(event.state), "TASK_STATE_")
    from_cache = ", from the cache" if event.is_from_cache else ""
    return Told(f"{state}{from_cache}")


def _plan(payload: bytes) -> Told:
    plan = plans_pb2.PlanMade.FromString(payload).plan
    level = _word(planner_pb2.ThoughtLevel.Name(plan.thought_level), "THOUGHT_LEVEL_")
    return Told(
        f"{level} by {plan.policy}, complexity {plan.effective_complexity:.2f},"
        f" at most {plan.budget.max_tokens:,} tokens"
    )


def _hit(payload: bytes) -> Told:
    event = cache_pb2.CacheHit.FromString(payload)
    layer = _word(cache_contract.Layer.Name(event.layer), "LAYER_")
    saved = event.saved_usage.input_tokens + event.saved_usage.output_tokens
    return Told(
        f"from {layer}: saved {saved:,} tokens, {format_usd(event.saved_cost.total_nano_usd)}"
    )


def _miss(payload: bytes) -> Told:
    return Told(cache_pb2.CacheMiss.FromString(payload).miss_reason)


def _stored(payload: bytes) -> Told:
    return Told(f"{cache_pb2.CacheStored.FromString(payload).content_bytes:,} bytes")


def _compressed(payload: bytes) -> Told:
    event = compression_pb2.CompressionApplied.FromString(payload)
    methods = ", ".join(change.method for change in event.changes) or "nothing taken out"
    return Told(f"{event.tokens_before:,} to {event.tokens_after:,} tokens: {methods}")


_TELLERS: dict[str, Callable[[bytes], Told]] = {
    "usage.limit_put": _limit_put,
    "usage.reserved": _reserved,
    "usage.denied": _denied,
    "usage.settled": _settled,
    "usage.recorded": _recorded,
    "usage.expired": _expired,
    "usage.released": _released,
    "task.submitted": _submitted,
    "task.steps_recorded": _steps,
    "task.ended": _ended,
    "plan.made": _plan,
    "cache.hit": _hit,
    "cache.miss": _miss,
    "cache.stored": _stored,
    "compression.applied": _compressed,
}
