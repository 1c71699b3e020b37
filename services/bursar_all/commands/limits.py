"""`bursar limits`: what may be spent, by whom, in which window."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bursar_all.commands.limit_alerts import alerts
from bursar_all.commands.limit_files import apply_file, export_limits
from bursar_all.commands.limit_questions import explain, forecast
from bursar_all.commands.limit_selectors import check_me, selector_options
from bursar_all.commands.shared_options import data_dir_option, json_option, run_async

WINDOWS = ("minute", "hour", "day", "week", "month", "lifetime")
METERS = ("requests", "tokens", "input-tokens", "output-tokens", "cost")


def _amount_options(function: Callable[..., None]) -> Callable[..., None]:
    """`--cost-per-day`, `--requests-per-minute` and so on: one for each meter and window."""
    for meter in METERS:
        for window in WINDOWS:
            shown = window in ("minute", "day", "month") and meter in ("requests", "tokens", "cost")
            name = f"--{meter}-{window}" if window == "lifetime" else f"--{meter}-per-{window}"
            example = "an amount such as 5usd" if meter == "cost" else "a whole number"
            function = click.option(name, help=f"{example}", hidden=not shown)(function)
        function = click.option(f"--{meter}", help="With --rolling.", hidden=True)(function)
    return function


def _shape_options(function: Callable[..., None]) -> Callable[..., None]:
    """What else a limit is, besides its amount."""
    for option in reversed(
        (
            click.option("--rolling", help="A rolling window such as 5h, for --tokens 100000."),
            click.option("--concurrent", help="How many reservations may be open at a time."),
            click.option("--soft", "is_soft", is_flag=True, help="Admit and alert, never deny."),
            click.option(
                "--throttle",
                "is_throttle",
                is_flag=True,
                help="Deny for now, and let callers wait.",
            ),
            click.option("--carry-over", help="How much of an unused window the next one gets."),
            click.option(
                "--alert-at",
                type=click.IntRange(1, 100),
                multiple=True,
                help="Alert at this percentage; 50, 80 and 100 by default.",
            ),
            click.option(
                "--confidence",
                type=click.IntRange(1, 100),
                help="How sure a limit is that a tool's messages told of.",
            ),
            click.option("--time-zone", help="IANA name for calendar windows; UTC by default."),
        )
    ):
        function = option(function)
    return function


@click.group()
def command() -> None:
    """Limits apply all at once: a call goes through when every one that matches has room."""


for _subcommand in (apply_file, export_limits, explain, forecast, alerts):
    command.add_command(_subcommand)


@command.command("set")
@selector_options
@_amount_options
@click.option("--id", "limit_id", help="Change the limit with this id.")
@_shape_options
@click.option("--reason", default="", help="Why; kept in the log.")
@data_dir_option
def set_limits(data_dir: Path | None, **options: Any) -> None:  # noqa: ANN401
    """Set limits: `bursar limits set --user me --cost-per-day 5usd`."""
    from bursar_all.limit_options import limits_from_options

    check_me(options)
    limits = limits_from_options(options)
    if not limits:
        raise click.UsageError("say how much: --cost-per-day 5usd, --requests-per-minute 50, …")
    run_async(_put(data_dir, limits, str(options["reason"])))


async def _put(data_dir: Path | None, limits: list[Any], reason: str) -> None:
    from bursar.identity import local_caller
    from bursar.quota.v1 import quota_pb2
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined

    async with joined(ProcessSettings.load(data_dir=data_dir)) as connection:
        for limit in limits:
            answer = await connection.quota.put_limit(
                quota_pb2.PutLimitRequest(limit=limit, author=local_caller().user_id, reason=reason)
            )
            click.echo(f"set {answer.limit.limit_id}")


@command.command("list")
@json_option
@data_dir_option
def list_limits(is_json: bool, data_dir: Path | None) -> None:
    """All limits and where they stand."""
    run_async(_list(data_dir, is_json=is_json))


async def _list(data_dir: Path | None, *, is_json: bool) -> None:
    from google.protobuf.json_format import MessageToDict

    from bursar.quota.v1 import quota_pb2
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined
    from bursar_all.known_names import KnownNames
    from bursar_all.rendering.limits import show_levels

    settings = ProcessSettings.load(data_dir=data_dir)
    async with joined(settings) as connection:
        answer = await connection.quota.list_limits(quota_pb2.ListLimitsRequest())
    if is_json:
        for level in answer.levels:
            click.echo(json.dumps(MessageToDict(level, preserving_proto_field_name=True)))
    else:
        show_levels(list(answer.levels), KnownNames(settings.data_dir))


@command.command("delete")
@click.argument("limit_id")
@click.option("--reason", default="", help="Why; kept in the log.")
@data_dir_option
def delete_limit(limit_id: str, reason: str, data_dir: Path | None) -> None:
    """Remove a limit by its id."""
    run_async(_delete(data_dir, limit_id, reason))


async def _delete(data_dir: Path | None, limit_id: str, reason: str) -> None:
    from bursar.identity import local_caller
    from bursar.quota.v1 import quota_pb2
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined

    async with joined(ProcessSettings.load(data_dir=data_dir)) as connection:
        await connection.quota.delete_limit(
            quota_pb2.DeleteLimitRequest(
                limit_id=limit_id, author=local_caller().user_id, reason=reason
            )
        )
        click.echo(f"deleted {limit_id}")
