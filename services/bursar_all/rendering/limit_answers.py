"""What limits say of a call, and when they run out, for people."""

from __future__ import annotations

import click

from bursar.quota.v1 import quota_pb2
from bursar_all.known_names import KnownNames
from bursar_all.rendering.limits import amount_text, instant_text
from bursar_all.rendering.tables import show_table


def show_explanation(answer: quota_pb2.ExplainResponse, names: KnownNames) -> None:
    """A line a limit, those that deny first, and the sentence over all."""
    for one in answer.limits:
        mark = click.style("allows", fg="green")
        if not one.is_allowed:
            mark = click.style("denies", fg="red")
        limit = one.level.limit
        name = names.in_text(limit.limit_id, limit.selector.tenant_id)
        click.echo(f"{mark}  {name}: {names.in_text(one.reason, limit.selector.tenant_id)}")
    click.secho(answer.reason, bold=True)


def show_forecasts(forecasts: list[quota_pb2.LimitForecast], names: KnownNames) -> None:
    """A row a limit, the first to run out first."""
    if not forecasts:
        click.echo("no limits are set that match")
        return
    show_table(
        ("limit", "left", "pace an hour", "runs out", "window ends"),
        [
            (
                names.in_text(one.level.limit.limit_id, one.level.limit.selector.tenant_id),
                amount_text(one.level.limit.meter, max(0, one.level.available)),
                amount_text(one.level.limit.meter, one.pace_per_hour),
                instant_text(one.runs_out_at_ns) if one.runs_out_at_ns else "not before its end",
                instant_text(one.level.window_ends_at_ns),
            )
            for one in forecasts
        ],
    )
