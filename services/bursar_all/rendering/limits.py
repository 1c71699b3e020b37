"""Limits and their levels, for people."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from bursar.money import format_usd
from bursar.quota.v1 import quota_pb2
from bursar_all.known_names import KnownNames
from bursar_all.rendering.tables import show_table

NS_PER_S = 1_000_000_000
BAR_CELLS = 12


def show_levels(levels: list[quota_pb2.Level], names: KnownNames) -> None:
    """A row a limit: how much of it is used and held, and when its window ends."""
    if not levels:
        click.echo("no limits are set; `bursar limits set --user me --cost-per-day 5usd` sets one")
        return
    show_table(
        ("limit", "mode", "used", "held", "of", "", "until"),
        [
            (
                names.in_text(level.limit.limit_id, level.limit.selector.tenant_id),
                quota_pb2.Mode.Name(level.limit.mode).removeprefix("MODE_").lower(),
                amount_text(level.limit.meter, level.settled),
                amount_text(level.limit.meter, level.held),
                amount_text(level.limit.meter, level.limit.amount + level.carried_over),
                _bar(level),
                _until(level),
            )
            for level in levels
        ],
    )


def amount_text(meter: quota_pb2.Meter.ValueType, amount: int) -> str:
    """In the meter's unit."""
    return format_usd(amount) if meter == quota_pb2.METER_COST_NANO_USD else f"{amount:,}"


def instant_text(at_ns: int) -> str:
    """To the minute; 0 is the end of what never ends."""
    if not at_ns:
        return "for good"
    instant = datetime.fromtimestamp(at_ns // NS_PER_S, UTC)
    return instant.strftime("%Y-%m-%d %H:%M UTC")


def _until(level: quota_pb2.Level) -> str:
    if level.is_pending:
        return "pending: its past is being read"
    if level.limit.rolling_ns:
        return "rolling"
    return instant_text(level.window_ends_at_ns)


def _bar(level: quota_pb2.Level) -> str:
    amount = max(1, level.limit.amount + level.carried_over)
    full = min(BAR_CELLS, BAR_CELLS * (level.settled + level.held) // amount)
    return "█" * full + "░" * (BAR_CELLS - full)
