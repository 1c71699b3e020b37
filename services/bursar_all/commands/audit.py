"""`bursar audit`: every event behind one task, call or trace, and the proof of one."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bursar_all.commands.shared_options import data_dir_option, json_option, run_async

if TYPE_CHECKING:
    from bursar.efficiency.v1 import efficiency_pb2

_TRACE = re.compile(r"[0-9a-f]{32}")
_SHOW = "show"


class _SubjectGroup(click.Group):
    """A first word that is no subcommand is a subject to show."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = bool(args) and args[0] in self.commands
        return super().resolve_command(ctx, args if known else [_SHOW, *args])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = bool(args) and (args[0] in self.commands or args[0] in ("-h", "--help"))
        return super().parse_args(ctx, args if known or not args else [_SHOW, *args])


@click.group(cls=_SubjectGroup)
def command() -> None:
    """Show a task, a call or a trace as the log has it: `bursar audit TASK`. Or prove an event."""


@command.command(_SHOW)
@click.argument("subject")
@click.option("--tenant", default="", help="Whose; your own by default.")
@json_option
@data_dir_option
def show(subject: str, tenant: str, is_json: bool, data_dir: Path | None) -> None:
    """Show SUBJECT (a task id, a call id or a trace id) as the log has it."""
    run_async(_audit(subject, tenant, data_dir, is_json=is_json))


async def _audit(subject: str, tenant: str, data_dir: Path | None, *, is_json: bool) -> None:
    from google.protobuf.json_format import MessageToDict

    from bursar_all.rendering.audit import show_audit

    answer = await _asked(subject, tenant, data_dir)
    if is_json:
        for entry in answer.entries:
            click.echo(json.dumps(MessageToDict(entry, preserving_proto_field_name=True)))
    else:
        show_audit(answer)


async def _asked(subject: str, tenant: str, data_dir: Path | None) -> efficiency_pb2.AuditResponse:
    from bursar.efficiency.v1 import efficiency_pb2
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.joining import joined

    request = efficiency_pb2.AuditRequest(tenant_id=tenant)
    if _TRACE.fullmatch(subject):
        request.trace_id = subject
    elif subject.startswith("task_"):
        request.task_id = subject
    else:
        request.call_id = subject
    async with joined(ProcessSettings.load(data_dir=data_dir)) as connection:
        return await connection.efficiency.audit(request)


@command.command("proof")
@click.argument("subject")
@click.option("--tenant", default="", help="Whose; your own by default.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A file to write.")
@data_dir_option
def proof(subject: str, tenant: str, out: Path | None, data_dir: Path | None) -> None:
    """Prove SUBJECT: an event such as usage-0-42, or the account of a call, by its id."""
    text = run_async(_proof(subject, tenant, data_dir))
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="ascii")


async def _proof(subject: str, tenant: str, data_dir: Path | None) -> str:
    from bursar.eventlog.proof_file import to_json
    from bursar.eventlog.proving import frame_of_event, prove
    from bursar.wiring.log_access import opened_log
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.accounts_of_calls import account_of
    from bursar_quota.replay import place_of

    place = place_of(subject)
    if place is None:
        place = account_of(await _asked(subject, tenant, data_dir))
    async with opened_log(ProcessSettings.load(data_dir=data_dir)) as log:
        return to_json(await prove(log, place[0], *await frame_of_event(log, *place)))


@command.command("check")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--public-key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Of the notary; else the one in the data directory.",
)
@click.option(
    "--witness",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Published checkpoints: says whether the proof's is one of them.",
)
@json_option
@data_dir_option
def check(
    file: Path,
    public_key: Path | None,
    witness: Path | None,
    is_json: bool,
    data_dir: Path | None,
) -> None:
    """Check a proof offline, by the notary's public key alone.

    Exit code 1 when it does not hold, or the witness does not have its checkpoint.
    """
    from bursar.errors import FailedPrecondition
    from bursar.eventlog.proof import check as checked
    from bursar.eventlog.proof_file import from_json
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.log_check import published_in
    from bursar_all.notary_key import notary_key
    from bursar_all.rendering.proof import proved_fields, show_proved

    key = notary_key(public_key, ProcessSettings.load(data_dir=data_dir).data_dir)
    if key is None:
        raise FailedPrecondition("give --public-key: there is no notary in the data directory")
    proof = from_json(file.read_text(encoding="utf-8"))
    proved = checked(proof, key)
    is_witnessed = None if witness is None else proof.checkpoint in published_in(witness)
    if is_json:
        click.echo(json.dumps({**proved_fields(proof, proved), "is_witnessed": is_witnessed}))
    else:
        show_proved(proof, proved, is_witnessed)
    if is_witnessed is False:
        sys.exit(1)


@command.command("witness")
@click.option("--to", "kind", required=True, type=click.Choice(["file", "git", "webhook"]))
@click.argument("place")
@data_dir_option
def witness(kind: str, place: str, data_dir: Path | None) -> None:
    """Publish the newest checkpoint to PLACE: a file, a git working copy, or an address to POST to.

    Let a timer run it: what is published can no longer be written anew unseen.
    """
    click.echo(run_async(_witness(kind, place, data_dir)))


async def _witness(kind: str, place: str, data_dir: Path | None) -> str:
    from bursar.errors import NotFound
    from bursar.wiring.log_access import opened_log
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.log_check import as_text, newest_checkpoint
    from bursar_all.witnesses import publish

    async with opened_log(ProcessSettings.load(data_dir=data_dir)) as log:
        signed = await newest_checkpoint(log)
    if signed is None:
        raise NotFound("nothing was signed yet: the notary does, 60 s after the first event")
    is_new = await publish(kind, place, as_text(signed))
    return "published" if is_new else "published before"
