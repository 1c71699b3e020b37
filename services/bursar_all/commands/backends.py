"""`bursar backends`: what can do work here, and how to get more."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bursar_all.commands.shared_options import data_dir_option, json_option, run_async


@click.command()
@json_option
@data_dir_option
def command(is_json: bool, data_dir: Path | None) -> None:
    """What can do work here, and how to get more."""
    run_async(_backends(data_dir, is_json=is_json))


async def _backends(data_dir: Path | None, *, is_json: bool) -> None:
    from google.protobuf.json_format import MessageToDict

    from bursar.executor.v1 import executor_pb2
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined

    async with joined(ProcessSettings.load(data_dir=data_dir)) as connection:
        answer = await connection.executor.backends(executor_pb2.BackendsRequest())
    for backend in answer.backends:
        if is_json:
            click.echo(json.dumps(MessageToDict(backend, preserving_proto_field_name=True)))
            continue
        mark = click.style("✓", fg="green") if backend.is_available else "-"
        can = ", ".join(backend.capabilities)
        by_name = " (chosen only by name)" if backend.is_by_name_only else ""
        remedy = "" if backend.is_available else f"  → {backend.remedy}"
        click.echo(f"{mark} {backend.backend_id:<34}{can}{by_name}{remedy}")
