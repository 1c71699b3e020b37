"""What was found of the log, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator

import click

from bursar.eventlog.verification import Verified
from bursar_all.log_check import Checked
from bursar_all.rendering.tables import show_table


def show_checked(checked: Checked) -> None:
    """A table of all streams, then every damage in a line of its own."""
    rows = [
        [
            str(found.stream),
            f"{found.frames:,}",
            f"{found.events:,}",
            f"{found.signed_sequence:,}",
            "whole" if found.damage is None else "damaged",
        ]
        for found in checked.streams
    ]
    show_table(["stream", "frames", "events", "signed up to", ""], rows)
    if checked.checkpoints is None:
        click.echo("no public key of a notary: chains were checked, signatures were not")
    else:
        click.echo(f"{checked.checkpoints:,} checkpoints, each signature checked")
    for found in checked.streams:
        if found.archived_frames:
            click.echo(f"{found.stream}: {found.archived_frames:,} frames archived, not checked")
    for damage in _damages(checked):
        click.echo(click.style(damage, fg="red"), err=True)


def checked_lines(checked: Checked) -> Iterator[dict[str, object]]:
    """One object a stream, then one for the whole."""
    for found in checked.streams:
        yield {"type": "stream", **_stream_fields(found)}
    yield {
        "type": "log",
        "is_whole": checked.is_whole,
        "checkpoints": checked.checkpoints,
        "checkpoint_faults": checked.faults,
    }


def _stream_fields(found: Verified) -> dict[str, object]:
    damage = found.damage
    return {
        "stream": str(found.stream),
        "frames": found.frames,
        "events": found.events,
        "signed_sequence": found.signed_sequence,
        "archived_frames": found.archived_frames,
        "damage": None
        if damage is None
        else {
            "first_sequence": damage.first_sequence,
            "last_sequence": damage.last_sequence,
            "why": damage.why,
        },
    }


def _damages(checked: Checked) -> list[str]:
    return checked.faults + [
        str(found.damage) for found in checked.streams if found.damage is not None
    ]
