"""What an apply changes, in the words of the file."""

from __future__ import annotations

import click

from bursar.quota.v1 import quota_pb2
from bursar_all.known_names import KnownNames
from bursar_quota.limits_export import limit_line


def show_changes(
    answer: quota_pb2.ApplyLimitsResponse,
    names: KnownNames,
    *,
    is_dry_run: bool,
    shows_diff: bool,
) -> None:
    """A line a change, or before and after of each; then how many stand already."""
    for change in answer.changes:
        if shows_diff:
            _show_diff(change, names)
        else:
            click.echo(_line(change, names, is_dry_run=is_dry_run))
    stands = f"{answer.unchanged} stand already"
    if not answer.changes:
        click.echo(f"nothing to change; {stands}")
    elif is_dry_run:
        click.echo(f"{len(answer.changes)} would change, {stands}; nothing was changed")
    else:
        click.echo(f"{len(answer.changes)} changed, {stands}")


def _line(change: quota_pb2.LimitChange, names: KnownNames, *, is_dry_run: bool) -> str:
    is_gone = not change.HasField("after")
    limit = change.before if is_gone else change.after
    done = ("would delete" if is_gone else "would set") if is_dry_run else "set"
    if is_gone and not is_dry_run:
        done = "deleted"
    return f"{done} {names.in_text(limit.limit_id, limit.selector.tenant_id)}"


def _show_diff(change: quota_pb2.LimitChange, names: KnownNames) -> None:
    for sign, side, colour in (("-", "before", "red"), ("+", "after", "green")):
        if change.HasField(side):  # type: ignore[arg-type]
            limit = change.before if side == "before" else change.after
            line = names.in_text(limit_line(limit), limit.selector.tenant_id)
            click.secho(f"{sign} {line}", fg=colour)
