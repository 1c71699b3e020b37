"""The savings report, for people."""

from __future__ import annotations

from collections.abc import Sequence

import click

from bursar.efficiency.v1 import efficiency_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.money import format_usd
from bursar_all.known_names import KnownNames
from bursar_all.rendering.tables import show_table


def show_report(
    report: efficiency_pb2.ReportResponse,
    dimensions: Sequence[str],
    names: KnownNames | None = None,
) -> None:
    """Totals first, then savings by cause, then the groups."""
    totals = report.totals
    usage = totals.usage
    lines = [
        ("calls made", f"{totals.calls_made:,}"),
        ("calls avoided", f"{totals.calls_avoided:,}"),
        ("calls denied", f"{totals.calls_denied:,}"),
        ("input tokens", f"{usage.input_tokens:,} ({usage.cached_input_tokens:,} cached)"),
        ("output tokens", f"{usage.output_tokens:,}"),
        ("spent", f"{format_usd(totals.cost_nano_usd)} ({totals.cost_nano_usd:,} nano-USD)"),
        ("saved", f"{format_usd(totals.cost_saved_nano_usd)}, {totals.tokens_saved:,} tokens"),
        ("efficiency rate", f"{totals.efficiency_rate:.1%} of tokens saved"),
        ("cache", f"{totals.cache_hits:,} hits, {totals.cache_misses:,} misses"),
        ("tasks", f"{totals.tasks_completed:,} completed, {totals.tasks_failed:,} not"),
    ]
    if totals.calls_without_price:
        lines.append(("price unknown", f"{totals.calls_without_price:,} calls, in no total"))
    if totals.calls_unknown:
        lines.append(("charged unknown", f"{totals.calls_unknown:,} calls at their full hold"))
    for name, value in lines:
        click.echo(f"{name:<16}{value}")
    for saving in totals.savings:
        click.echo(f"  saved by {_cause(saving):<24}{_worth(saving)}")
    if dimensions:
        click.echo("")
        show_table((*dimensions, "calls", "tokens", "spent", "saved"), _rows(report, names))
    if report.observed_events_lost:
        click.echo(f"{report.observed_events_lost:,} observed events lost: savings understated")


def _rows(report: efficiency_pb2.ReportResponse, names: KnownNames | None) -> list[tuple[str, ...]]:
    named = str if names is None else names.in_text
    return [
        (
            *(named(key) or "-" for key in group.keys),
            f"{group.totals.calls_made:,}",
            f"{group.totals.usage.input_tokens + group.totals.usage.output_tokens:,}",
            format_usd(group.totals.cost_nano_usd),
            format_usd(group.totals.cost_saved_nano_usd),
        )
        for group in report.groups
    ]


def _cause(saving: ledger_pb2.Saving) -> str:
    name = ledger_pb2.SavingCause.Name(saving.cause).removeprefix("SAVING_CAUSE_")
    return name.lower().replace("_", " ")


def _worth(saving: ledger_pb2.Saving) -> str:
    tokens = f"{saving.input_tokens + saving.output_tokens:,} tokens"
    return f"{tokens}, {format_usd(saving.cost_nano_usd)}" if saving.cost_nano_usd else tokens
