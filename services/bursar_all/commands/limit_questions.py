"""`bursar limits explain` and `forecast`: what limits say of a call, and when they run out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bursar_all.commands.limit_selectors import call_options, check_me
from bursar_all.commands.shared_options import data_dir_option, json_option, run_async

if TYPE_CHECKING:
    from bursar.quota.v1 import quota_pb2


@click.command("explain")
@call_options
@click.option("--requests", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--input-tokens", type=click.IntRange(min=0), default=0)
@click.option("--output-tokens", type=click.IntRange(min=0), default=0)
@click.option("--cost", default="0", help="An amount such as 0.05usd.")
@json_option
@data_dir_option
def explain(data_dir: Path | None, *, is_json: bool, **options: Any) -> None:  # noqa: ANN401
    """Whether a call would be admitted now, limit by limit; exit code 3 where it would not."""
    from bursar_all.exit_codes import DENIED
    from bursar_all.limit_questions import explain_request

    check_me(options)
    if not run_async(_explain(data_dir, explain_request(options), is_json=is_json)):
        sys.exit(DENIED)


async def _explain(
    data_dir: Path | None, request: quota_pb2.ExplainRequest, *, is_json: bool
) -> bool:
    """Whether the call is allowed."""
    from google.protobuf.json_format import MessageToJson

    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined
    from bursar_all.known_names import KnownNames
    from bursar_all.rendering.limit_answers import show_explanation

    settings = ProcessSettings.load(data_dir=data_dir)
    async with joined(settings) as connection:
        answer = await connection.quota.explain(request)
    if is_json:
        click.echo(MessageToJson(answer, preserving_proto_field_name=True, indent=None))
    else:
        show_explanation(answer, KnownNames(settings.data_dir))
    return answer.is_allowed


@click.command("forecast")
@call_options
@json_option
@data_dir_option
def forecast(data_dir: Path | None, *, is_json: bool, **options: Any) -> None:  # noqa: ANN401
    """When each limit runs out at the present pace."""
    from bursar_all.limit_questions import forecast_request

    check_me(options)
    run_async(_forecast(data_dir, forecast_request(options), is_json=is_json))


async def _forecast(
    data_dir: Path | None, request: quota_pb2.ForecastRequest, *, is_json: bool
) -> None:
    from google.protobuf.json_format import MessageToJson

    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined
    from bursar_all.known_names import KnownNames
    from bursar_all.rendering.limit_answers import show_forecasts

    settings = ProcessSettings.load(data_dir=data_dir)
    async with joined(settings) as connection:
        answer = await connection.quota.forecast(request)
    if is_json:
        for one in answer.limits:
            click.echo(MessageToJson(one, preserving_proto_field_name=True, indent=None))
    else:
        show_forecasts(list(answer.limits), KnownNames(settings.data_dir))
