"""`bursar limits apply` and `export`: limits from and to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bursar_all.commands.shared_options import data_dir_option, run_async

if TYPE_CHECKING:
    from bursar.quota.v1 import quota_pb2


@click.command("apply")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--dry-run", "is_dry_run", is_flag=True, help="Say what would change; change nothing."
)
@click.option("--diff", "shows_diff", is_flag=True, help="Show each change, before and after.")
@click.option("--prune", "is_pruning", is_flag=True, help="Delete limits of files not in this one.")
@click.option("--reason", default="", help="Why; kept in the log. The file's name by default.")
@data_dir_option
def apply_file(
    file: Path, data_dir: Path | None, *, shows_diff: bool, reason: str, **flags: bool
) -> None:
    """Make the limits that files manage what FILE says; limits set by hand stay as they are."""
    from bursar.identity import local_caller
    from bursar.quota.v1 import quota_pb2
    from bursar_quota.limits_file import read_limits

    request = quota_pb2.ApplyLimitsRequest(
        limits=read_limits(file),
        author=local_caller().user_id,
        reason=reason or f"from {file.name}",
        is_dry_run=flags["is_dry_run"],
        is_pruning=flags["is_pruning"],
    )
    run_async(_apply(data_dir, request, shows_diff=shows_diff))


async def _apply(
    data_dir: Path | None, request: quota_pb2.ApplyLimitsRequest, *, shows_diff: bool
) -> None:
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined
    from bursar_all.known_names import KnownNames
    from bursar_all.rendering.limit_changes import show_changes

    settings = ProcessSettings.load(data_dir=data_dir)
    async with joined(settings) as connection:
        answer = await connection.quota.apply_limits(request)
    names = KnownNames(settings.data_dir)
    show_changes(answer, names, is_dry_run=request.is_dry_run, shows_diff=shows_diff)


@click.command("export")
@click.option(
    "--managed-by",
    "owner",
    type=click.Choice(("file", "api", "all")),
    default="all",
    show_default=True,
    help="Only the limits that files manage, or only those set by hand.",
)
@data_dir_option
def export_limits(owner: str, data_dir: Path | None) -> None:
    """Print limits as a file that `apply` takes."""
    run_async(_export(data_dir, owner))


async def _export(data_dir: Path | None, owner: str) -> None:
    from bursar.quota.v1 import quota_pb2
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined
    from bursar_quota.limits_export import limits_yaml

    wanted = {
        "file": (quota_pb2.MANAGED_BY_FILE,),
        "api": (quota_pb2.MANAGED_BY_API,),
        "all": (quota_pb2.MANAGED_BY_FILE, quota_pb2.MANAGED_BY_API),
    }[owner]
    async with joined(ProcessSettings.load(data_dir=data_dir)) as connection:
        answer = await connection.quota.list_limits(quota_pb2.ListLimitsRequest())
    limits = [level.limit for level in answer.levels if level.limit.managed_by in wanted]
    click.echo(limits_yaml(limits), nl=False)
