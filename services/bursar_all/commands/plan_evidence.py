"""`bursar plan explain` and `simulate`: what outcomes say of a plan, and of another policy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bursar_all.commands.shared_options import data_dir_option, json_option, run_async

if TYPE_CHECKING:
    from google.protobuf.message import Message


@click.command("explain")
@click.argument("task")
@json_option
@data_dir_option
def explain(task: str, *, is_json: bool, data_dir: Path | None) -> None:
    """What is known of TASK's plan now: chances, outcomes, and tasks like it.

    TASK is a task's id or a plan's.
    """
    run_async(_explain(task, data_dir, is_json=is_json))


@click.command("simulate")
@click.option("--policy", default="learned-v1", show_default=True)
@click.option("--since", help="7d, 24h or 2026-11-01; all plans by default.")
@json_option
@data_dir_option
def simulate(policy: str, since: str | None, *, is_json: bool, data_dir: Path | None) -> None:
    """What another policy would have cost and won over past plans, by replay."""
    from bursar_all.periods import instant_ns

    since_ns = instant_ns(since) if since else 0
    run_async(_simulate(policy, since_ns, data_dir, is_json=is_json))


async def _explain(task: str, data_dir: Path | None, *, is_json: bool) -> None:
    from bursar.identity import local_caller
    from bursar.planner.v1 import planner_pb2
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined
    from bursar_planner.rendering import evidence_lines

    request = planner_pb2.ExplainRequest(tenant_id=local_caller().tenant_id)
    if task.startswith("plan_"):
        request.plan_id = task
    else:
        request.task_id = task
    async with joined(ProcessSettings.load(data_dir=data_dir)) as connection:
        answer = await connection.planner.explain(request)
    _show(answer, evidence_lines(answer), is_json=is_json)


async def _simulate(policy: str, since_ns: int, data_dir: Path | None, *, is_json: bool) -> None:
    from bursar.identity import local_caller
    from bursar.planner.v1 import planner_pb2
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined
    from bursar_planner.rendering import simulation_lines

    request = planner_pb2.SimulateRequest(
        tenant_id=local_caller().tenant_id, policy=policy, since_ns=since_ns
    )
    async with joined(ProcessSettings.load(data_dir=data_dir)) as connection:
        answer = await connection.planner.simulate(request)
    _show(answer, simulation_lines(answer, policy), is_json=is_json)


def _show(answer: Message, lines: list[str], *, is_json: bool) -> None:
    from google.protobuf.json_format import MessageToJson

    if is_json:
        click.echo(MessageToJson(answer, preserving_proto_field_name=True, indent=None))
    else:
        click.echo("\n".join(lines))
