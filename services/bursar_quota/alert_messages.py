"""Alerts as the contract has them."""

from __future__ import annotations

from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.admission import amount_text
from bursar_quota.domain.alerts import REACHED_PCT
from bursar_quota.domain.events import AlertRaised
from bursar_quota.domain.limits import name_of
from bursar_quota.limit_words import METER_WORDS
from bursar_quota.messages import level_message
from bursar_quota.wire import USAGE, event_id_of

APPROACHING, REACHED = "approaching_limit", "limit_reached"


def alert_message(event: AlertRaised, partition: int = USAGE.partition) -> quota_pb2.Alert:
    """With the keys of the founding design's alerts: kind, provider, resource, usage_pct."""
    level, limit = event.level, event.level.limit
    event_id = event_id_of(event.number, partition)
    settled, amount = (amount_text(limit.meter, one) for one in (level.settled, level.amount))
    is_reached = event.threshold_pct >= REACHED_PCT
    done = "is reached" if is_reached else f"is above {event.threshold_pct} %"
    return quota_pb2.Alert(
        alert_id=event_id,
        kind=REACHED if is_reached else APPROACHING,
        provider=limit.selector.provider,
        resource=METER_WORDS[quota_pb2.Meter.ValueType(limit.meter)],
        usage_pct=level.settled * REACHED_PCT / max(1, level.amount),
        threshold_pct=event.threshold_pct,
        level=level_message(level),
        at_ns=event.at_ns,
        message=f"{name_of(limit)} {done}: {settled} of {amount} settled",
        position=ledger_pb2.Position(
            stream=USAGE.name,
            partition=partition,
            event_number=event.number,
            event_id=event_id,
        ),
    )
