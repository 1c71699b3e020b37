"""The events behind a task or call, for people."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from bursar.efficiency.v1 import efficiency_pb2
from bursar.money import format_usd

NS_PER_S = 1_000_000_000
HASH_DIGITS = 12


def show_audit(answer: efficiency_pb2.AuditResponse) -> None:
    """A line an event: when, where in the log, what, and the hash of its frame."""
    for entry in answer.entries:
        at = datetime.fromtimestamp(entry.at_ns / NS_PER_S, UTC).strftime("%H:%M:%S.%f")[:-3]
        place = f"{entry.position.stream}/{entry.position.event_number}"
        frame = entry.frame_hash.hex()[:HASH_DIGITS]
        hash_shown = click.style(frame, fg="bright_black")
        click.echo(f"{at}  {place:<18}{entry.kind:<22}{entry.summary}  {hash_shown}")
    totals = answer.totals
    usage = totals.usage
    click.echo(
        f"in all: {usage.input_tokens:,} tokens in, {usage.output_tokens:,} out,"
        f" {totals.cost_nano_usd:,} nano-USD ({format_usd(totals.cost_nano_usd)});"
        f" saved {totals.tokens_saved:,} tokens, {format_usd(totals.cost_saved_nano_usd)}"
    )
