"""`bursar log`: check that the log is what was written, and ask it about the past."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bursar_all.commands.shared_options import data_dir_option, json_option, run_async

if TYPE_CHECKING:
    from bursar.eventlog.verification import Progress
    from bursar_all.log_check import Checked

file_argument = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def command() -> None:
    """The log holds all that happened; everything else is made from it."""


@command.command("verify")
@click.option("--stream", help="Only this one: usage, or usage/3 for a partition.")
@click.option(
    "--public-key", type=file_argument, help="Of the notary; else the one in the data directory."
)
@click.option(
    "--against",
    type=file_argument,
    multiple=True,
    help="Published checkpoints, as `bursar log checkpoint` printed them.",
)
@json_option
@data_dir_option
def verify(
    stream: str | None,
    public_key: Path | None,
    against: tuple[Path, ...],
    is_json: bool,
    data_dir: Path | None,
) -> None:
    """Walk every chain, and check roots, signatures and signed heads.

    Exit code 0 when the log is whole, 1 when it is not; each damage is named with its frames.
    """
    checked = run_async(_verify(stream, public_key, against, data_dir))
    from bursar_all.rendering.log import checked_lines, show_checked

    if is_json:
        for line in checked_lines(checked):
            click.echo(json.dumps(line))
    else:
        show_checked(checked)
    if not checked.is_whole:
        sys.exit(1)


async def _verify(
    name: str | None, public_key: Path | None, against: tuple[Path, ...], data_dir: Path | None
) -> Checked:
    from bursar.wiring.log_access import opened_log
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.log_check import check_log, chosen_streams, published_in, read_history
    from bursar_all.notary_key import notary_key

    settings = ProcessSettings.load(data_dir=data_dir)
    key = notary_key(public_key, settings.data_dir)
    published = [signed for path in against for signed in published_in(path)]
    if published and key is None:
        raise click.UsageError("give --public-key: published checkpoints are checked by it")
    async with opened_log(settings) as log:
        streams = await chosen_streams(log, name)
        history, faults = (None, []) if key is None else await read_history(log, key, published)
        total = sum([(await log.tail(stream)).sequence for stream in streams])
        with _progress(total) as progress:
            checked = await check_log(log, streams, history, progress)
    checked.faults += faults
    return checked


@command.command("checkpoint")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A file to add it to.")
@data_dir_option
def checkpoint(out: Path | None, data_dir: Path | None) -> None:
    """Print the newest signed checkpoint, to be kept where nobody who writes the log can reach it.

    `bursar log verify --against FILE` shows later that nothing before it was changed or cut off.
    """
    text = run_async(_checkpoint(data_dir))
    if out is None:
        click.echo(text)
    else:
        with out.open("a", encoding="ascii") as file:
            file.write(text + "\n")


async def _checkpoint(data_dir: Path | None) -> str:
    from bursar.errors import NotFound
    from bursar.wiring.log_access import opened_log
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.log_check import as_text, newest_checkpoint

    async with opened_log(ProcessSettings.load(data_dir=data_dir)) as log:
        signed = await newest_checkpoint(log)
    if signed is None:
        raise NotFound("nothing was signed yet: the notary does, 60 s after the first event")
    return as_text(signed)


@command.command("replay")
@click.option("--as-of", help="2026-11-01T12:00, 7d, 24h ago, or an event: usage-0-42.")
@click.option("--tenant", default="", help="Only limits of this tenant.")
@click.option("--what-if", type=file_argument, help="A file of other limits, as `limits apply`.")
@json_option
@data_dir_option
def replay(
    as_of: str | None, tenant: str, what_if: Path | None, is_json: bool, data_dir: Path | None
) -> None:
    """Rebuild from the log alone where every limit stood, or what other limits would have done."""
    if what_if is None:
        run_async(_past(as_of, tenant, data_dir, is_json=is_json))
    else:
        run_async(_what_if(as_of, what_if, data_dir, is_json=is_json))


async def _past(as_of: str | None, tenant: str, data_dir: Path | None, *, is_json: bool) -> None:
    from bursar.wiring.log_access import opened_log
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.known_names import KnownNames
    from bursar_all.rendering.replays import past_line, show_past
    from bursar_all.replays import moment_of, past_of

    settings = ProcessSettings.load(data_dir=data_dir)
    async with opened_log(settings) as log:
        moment = await moment_of(log, as_of)
        total = sum([(await log.tail(stream)).sequence for stream in moment.streams])
        with _progress(total) as progress:
            found = await past_of(log, moment, tenant, progress)
    names = KnownNames(settings.data_dir)
    for past in found:
        if is_json:
            click.echo(json.dumps(past_line(past)))
        else:
            show_past(past, names)


async def _what_if(as_of: str | None, file: Path, data_dir: Path | None, *, is_json: bool) -> None:
    from bursar.wiring.log_access import opened_log
    from bursar.wiring.settings import ProcessSettings
    from bursar_all.known_names import KnownNames
    from bursar_all.pseudonymous_limits import limits_in
    from bursar_all.rendering.replays import outcome_line, show_outcome
    from bursar_all.replays import moment_of, what_if

    settings = ProcessSettings.load(data_dir=data_dir)
    limits = limits_in(file, settings)
    async with opened_log(settings) as log:
        moment = await moment_of(log, as_of)
        total = sum([(await log.tail(stream)).sequence for stream in moment.streams])
        with _progress(total) as progress:
            outcome = await what_if(log, moment, limits, progress)
    if is_json:
        click.echo(json.dumps(outcome_line(outcome)))
    else:
        show_outcome(outcome, KnownNames(settings.data_dir))


@contextmanager
def _progress(total: int) -> Iterator[Progress]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(length=total, label="frames", file=sys.stderr) as bar:
        yield bar.update
