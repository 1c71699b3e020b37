"""The contract's messages as the domain's words, and back. Both ends of the log and of a call.

Nothing is checked here: what comes from outside passes `requests` first.
"""

from __future__ import annotations

from functools import lru_cache

from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.calls import TENANT_DEFAULT, Attribution, Labels, Origin, Target
from bursar_quota.domain.levels import Level
from bursar_quota.domain.limits import ALERT_PCTS, Limit, ManagedBy, Mode, Selector
from bursar_quota.domain.meters import AMOUNT_MAX, Amounts, Meter
from bursar_quota.domain.windows import Window, WindowKind

KINDS_OF_CALLS_MAX = 16_384  # whose names are shared


def attribution_of(message: ledger_pb2.Attribution) -> Attribution:
    labels: Labels = tuple(sorted(message.labels.items())) if message.labels else ()
    return _attribution(
        message.tenant_id or TENANT_DEFAULT,
        message.team_id,
        message.user_id,
        message.key_id,
        message.task_id,
        message.agent_id,
        labels,
    )


def origin_of(message: ledger_pb2.Attribution) -> Origin:
    return Origin(
        message.tenant_id or TENANT_DEFAULT, message.task_id, message.call_id, message.cause_id
    )


def write_attribution(attribution: Attribution, message: ledger_pb2.Attribution) -> None:
    """In place: a message that is given to another's constructor is copied, which costs as much."""
    message.tenant_id = attribution.tenant_id
    if attribution.team_id:
        message.team_id = attribution.team_id
    if attribution.user_id:
        message.user_id = attribution.user_id
    if attribution.key_id:
        message.key_id = attribution.key_id
    if attribution.task_id:
        message.task_id = attribution.task_id
    if attribution.agent_id:
        message.agent_id = attribution.agent_id
    if attribution.labels:
        message.labels.update(attribution.labels)


def target_of(message: ledger_pb2.Target) -> Target:
    return _target(message.provider, message.model, int(message.tier), message.account_id)


def write_target(target: Target, message: ledger_pb2.Target) -> None:
    message.SetInParent()  # there, even where nothing is known of it
    if target.provider:
        message.provider = target.provider
    if target.model:
        message.model = target.model
    if target.tier:
        message.tier = ledger_pb2.BackendTier.ValueType(target.tier)
    if target.account_id:
        message.account_id = target.account_id


def amounts_of(message: ledger_pb2.Amounts) -> Amounts:
    return Amounts(
        message.requests, message.input_tokens, message.output_tokens, message.cost_nano_usd
    )


def write_amounts(amounts: Amounts, message: ledger_pb2.Amounts) -> None:
    message.requests = amounts.requests
    message.input_tokens = amounts.input_tokens
    message.output_tokens = amounts.output_tokens
    message.cost_nano_usd = amounts.cost_nano_usd


def used_of(usage: ledger_pb2.TokenUsage, cost: ledger_pb2.Cost, requests: int) -> Amounts:
    """What a call took, from the provider's usage and its price."""
    return Amounts(requests, usage.input_tokens, usage.output_tokens, cost.total_nano_usd)


def selector_of(message: quota_pb2.Selector) -> Selector:
    return Selector(
        message.tenant_id,
        message.team_id,
        message.user_id,
        message.key_id,
        message.task_id,
        message.agent_id,
        message.provider,
        message.model,
        int(message.tier),
        message.account_id,
        tuple(sorted(message.labels.items())),
        message.model_family,
    )


def selector_message(selector: Selector) -> quota_pb2.Selector:
    return quota_pb2.Selector(
        tenant_id=selector.tenant_id,
        team_id=selector.team_id,
        user_id=selector.user_id,
        key_id=selector.key_id,
        task_id=selector.task_id,
        agent_id=selector.agent_id,
        provider=selector.provider,
        model=selector.model,
        tier=ledger_pb2.BackendTier.ValueType(selector.tier),
        account_id=selector.account_id,
        labels=dict(selector.labels),
        model_family=selector.model_family,
    )


def limit_of(message: quota_pb2.Limit) -> Limit:
    """Raises ValueError for a meter, window or mode that is not known."""
    return Limit(
        message.limit_id,
        selector_of(message.selector),
        Meter(message.meter),
        WindowKind(message.window),
        message.amount,
        Mode(message.mode),
        message.time_zone,
        ManagedBy(message.managed_by),
        message.rolling_ns,
        message.carry_over_max,
        tuple(message.alert_pcts) or ALERT_PCTS,
        message.confidence_pct,
    )


def limit_message(limit: Limit) -> quota_pb2.Limit:
    return quota_pb2.Limit(
        limit_id=limit.limit_id,
        selector=selector_message(limit.selector),
        meter=quota_pb2.Meter.ValueType(limit.meter),
        window=quota_pb2.Window.ValueType(limit.window),
        amount=limit.amount,
        mode=quota_pb2.Mode.ValueType(limit.mode),
        time_zone=limit.time_zone,
        managed_by=quota_pb2.ManagedBy.ValueType(limit.managed_by),
        rolling_ns=limit.rolling_ns,
        carry_over_max=limit.carry_over_max,
        alert_pcts=() if limit.alert_pcts == ALERT_PCTS else limit.alert_pcts,
        confidence_pct=limit.confidence_pct,
    )


def level_of(message: quota_pb2.Level, limit: Limit) -> Level:
    window = Window(message.window_id, message.window_starts_at_ns, message.window_ends_at_ns)
    return Level(
        limit,
        window,
        message.settled,
        message.held,
        message.counted_since_ns,
        message.carried_over,
        message.is_pending,
    )


def level_message(level: Level, *, with_limit: bool = True) -> quota_pb2.Level:
    """Counters that have grown beyond 63 bits are shown at their bound."""
    return quota_pb2.Level(
        limit=limit_message(level.limit) if with_limit else None,
        settled=_within_bounds(level.settled),
        held=_within_bounds(level.held),
        available=_within_bounds(level.available),
        window_id=level.window.window_id,
        window_starts_at_ns=level.window.starts_at_ns,
        window_ends_at_ns=level.window.ends_at_ns,
        counted_since_ns=level.counted_since_ns,
        carried_over=level.carried_over,
        is_pending=level.is_pending,
    )


def _within_bounds(amount: int) -> int:
    return max(-AMOUNT_MAX, min(amount, AMOUNT_MAX))


# Calls alike share one: it is checked, hashed and kept once.
_attribution = lru_cache(maxsize=KINDS_OF_CALLS_MAX)(Attribution)
_target = lru_cache(maxsize=KINDS_OF_CALLS_MAX)(Target)
