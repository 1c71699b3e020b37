"""`bursar audit`: every event behind one task, call or trace, with its place in the log."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from bursar_all.commands.shared_options import data_dir_option, json_option, run_async

_TRACE = re.compile(r"[0-9a-f]{32}")


@click.command()
@click.argument("subject")
@click.option("--tenant", default="", help="Whose; your own by default.")
@json_option
@data_dir_option
def command(subject: str, tenant: str, is_json: bool, data_dir: Path | None) -> None:
    """Show SUBJECT (a task id, a call id or a trace id) as the log has it."""
    run_async(_audit(subject, tenant, data_dir, is_json=is_json))


async def _audit(subject: str, tenant: str, data_dir: Path | None, *, is_json: bool) -> None:
    from google.protobuf.json_format import MessageToDict

    from bursar.efficiency.v1 import efficiency_pb2
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined
    from bursar_all.rendering.audit import show_audit

    request = efficiency_pb2.AuditRequest(tenant_id=tenant)
    if _TRACE.fullmatch(subject):
        request.trace_id = subject
    elif subject.startswith("task_"):
        request.task_id = subject
    else:
        request.call_id = subject
    async with joined(ProcessSettings.load(data_dir=data_dir)) as connection:
        answer = await connection.efficiency.audit(request)
    if is_json:
        for entry in answer.entries:
            click.echo(json.dumps(MessageToDict(entry, preserving_proto_field_name=True)))
    else:
        show_audit(answer)
