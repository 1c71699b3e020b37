"""`bursar limits alerts`: what was told of limits that are passed, and what is from now on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bursar_all.commands.shared_options import data_dir_option, json_option, run_async

if TYPE_CHECKING:
    from bursar.quota.v1 import quota_pb2
    from bursar_all.known_names import KnownNames


@click.command("alerts")
@click.option("--follow", "is_following", is_flag=True, help="Go on, until interrupted.")
@json_option
@data_dir_option
def alerts(data_dir: Path | None, *, is_following: bool, is_json: bool) -> None:
    """The newest alerts: settled use that passed a threshold of a limit."""
    run_async(_alerts(data_dir, is_following=is_following, is_json=is_json))


async def _alerts(data_dir: Path | None, *, is_following: bool, is_json: bool) -> None:
    from bursar.quota.v1 import quota_pb2
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined
    from bursar_all.known_names import KnownNames

    settings = ProcessSettings.load(data_dir=data_dir)
    names = KnownNames(settings.data_dir)
    async with joined(settings) as connection:
        if not is_following:
            answer = await connection.quota.alerts(quota_pb2.AlertsRequest())
            for alert in answer.alerts:
                _show(alert, names, is_json=is_json)
            return
        async for response in connection.quota.watch_alerts(quota_pb2.WatchAlertsRequest()):
            _show(response.alert, names, is_json=is_json)


def _show(alert: quota_pb2.Alert, names: KnownNames, *, is_json: bool) -> None:
    from google.protobuf.json_format import MessageToJson

    from bursar_all.rendering.limits import instant_text

    if is_json:
        click.echo(MessageToJson(alert, preserving_proto_field_name=True, indent=None))
    else:
        message = names.in_text(alert.message, alert.level.limit.selector.tenant_id)
        click.echo(f"{instant_text(alert.at_ns)}  {message}")
