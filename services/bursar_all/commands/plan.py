"""`bursar plan`: how little a task needs, and why; nothing is done and nothing is held."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bursar_all.commands.plan_evidence import explain, simulate
from bursar_all.commands.shared_options import data_dir_option, json_option, run_async

TASK = "task"


class DescriptionFirst(click.Group):
    """A group whose first word may be a task's description: whatever names no subcommand."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = [TASK, *args]
        return super().parse_args(ctx, args)


@click.group(cls=DescriptionFirst)
def command() -> None:
    """Show the plan of a task: bursar plan "DESCRIPTION" [FILE…]."""


@command.command(TASK)
@click.argument("description")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--needs", help="Capabilities, comma-separated: linting,formatting,…")
@click.option("--model", help="A model by name.")
@click.option("--hint", type=float, help="Complexity from 0 to 1, where you know it.")
@click.option("--api", "is_api_requested", is_flag=True, help="Ask for a paid API.")
@json_option
@data_dir_option
def task_command(
    description: str,
    files: tuple[Path, ...],
    needs: str | None,
    model: str | None,
    hint: float | None,
    is_api_requested: bool,
    is_json: bool,
    data_dir: Path | None,
) -> None:
    """Show the plan of DESCRIPTION as `bursar run` would make it."""
    from bursar.planner.v1 import planner_pb2

    task = planner_pb2.Task(
        description=description,
        required_capabilities=[name.strip() for name in (needs or "").split(",") if name.strip()],
        requested_model=model or "",
        is_api_requested=is_api_requested,
    )
    if hint is not None:
        task.complexity_hint = hint
    if files:
        task.context_tokens = _tokens_in(files)
    run_async(_plan(task, data_dir, is_json=is_json))


def _tokens_in(files: tuple[Path, ...]) -> int:
    """What the files take in a prompt, by the vocabulary of models that say none."""
    from bursar.tokens.texts import count_text

    return sum(count_text(path.read_text(errors="replace"), "").tokens for path in files)


async def _plan(task: object, data_dir: Path | None, *, is_json: bool) -> None:
    from google.protobuf.json_format import MessageToDict

    from bursar.executor.v1 import executor_pb2
    from bursar.identity import local_caller
    from bursar.ledger.v1 import ledger_pb2
    from bursar.planner.v1 import planner_pb2
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined
    from bursar_planner.rendering import plan_lines

    if not isinstance(task, planner_pb2.Task):
        raise TypeError("a task of another contract")
    caller = local_caller()
    async with joined(ProcessSettings.load(data_dir=data_dir)) as connection:
        backends = await connection.executor.backends(executor_pb2.BackendsRequest())
        answer = await connection.planner.plan(
            planner_pb2.PlanRequest(
                attribution=ledger_pb2.Attribution(
                    tenant_id=caller.tenant_id, user_id=caller.user_id
                ),
                task=task,
                backends=backends.backends,
            )
        )
    if is_json:
        fields = MessageToDict(answer.plan, preserving_proto_field_name=True)
        click.echo(json.dumps(fields))
    else:
        click.echo("\n".join(plan_lines(answer.plan)))


command.add_command(explain)
command.add_command(simulate)
