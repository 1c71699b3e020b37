"""`bursar demo`: what Bursar does between callers and a provider, on calls that cost nothing."""

from __future__ import annotations

import sys

import click

from bursar_all.commands.shared_options import run_async

CALLS = 200


@click.command()
@click.option("--calls", type=click.IntRange(20, 10_000), default=CALLS, show_default=True)
def command(calls: int) -> None:
    """Send mixed calls through the edge to a simulated provider; end with the savings and the
    audit.

    Repeats, big contexts, both wire formats, streams, and a limit that runs out. Everything is kept
    in a temporary directory and every answer is marked SIMULATED.
    """
    from bursar_all.demonstration import demonstrate

    sys.exit(0 if run_async(demonstrate(calls)) else 1)
