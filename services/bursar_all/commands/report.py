"""`bursar report`: who spent what, and what it saved, by replay of the log."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bursar_all.commands.shared_options import data_dir_option, json_option, run_async

DIMENSIONS = (
    "tenant",
    "team",
    "user",
    "key",
    "task",
    "agent",
    "provider",
    "model",
    "tier",
    "day",
    "hour",
    "thought_level",
)


@click.command()
@click.option("--by", help=f"Group by, comma-separated: {', '.join(DIMENSIONS)}.")
@click.option("--since", help="From this on: 2026-11-01, or 7d, 24h, 30m ago.")
@click.option("--as-of", "until", help="As it was then: without what came at it or later.")
@click.option("--tenant", default="", help="Only this tenant.")
@json_option
@data_dir_option
def command(
    by: str | None,
    since: str | None,
    until: str | None,
    tenant: str,
    is_json: bool,
    data_dir: Path | None,
) -> None:
    """Totals of tokens, money and savings."""
    run_async(_report(by, (since, until), tenant, data_dir, is_json=is_json))


async def _report(
    by: str | None,
    period: tuple[str | None, str | None],
    tenant: str,
    data_dir: Path | None,
    *,
    is_json: bool,
) -> None:
    from google.protobuf.json_format import MessageToDict

    from bursar.efficiency.v1 import efficiency_pb2
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined
    from bursar_all.known_names import KnownNames
    from bursar_all.periods import instant_ns
    from bursar_all.rendering.report import show_report

    since, until = period
    names = [name.strip() for name in (by or "").split(",") if name.strip()]
    for name in names:
        if name not in DIMENSIONS:
            raise click.UsageError(f"--by {name}: group by {', '.join(DIMENSIONS)}")
    request = efficiency_pb2.ReportRequest(
        tenant_id=tenant,
        since_ns=instant_ns(since) if since else 0,
        until_ns=instant_ns(until, "--as-of") if until else 0,
        group_by=[efficiency_pb2.Dimension.Value(f"DIMENSION_{name.upper()}") for name in names],
    )
    settings = ProcessSettings.load(data_dir=data_dir)
    async with joined(settings) as connection:
        answer = await connection.efficiency.report(request)
    if is_json:
        click.echo(json.dumps(MessageToDict(answer, preserving_proto_field_name=True)))
    else:
        show_report(answer, names, KnownNames(settings.data_dir))
