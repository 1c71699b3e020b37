"""`bursar run`: a task from its words to its audit."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bursar_all.commands.shared_options import data_dir_option, json_option, run_async

STANDARD_INPUT = "-"
STANDARD_INPUT_BYTES_MAX = 16 * 1024 * 1024
DEFAULT_DESCRIPTION = "review this"


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--needs", help="Capabilities, comma-separated: linting,formatting,…")
@click.option("--model", help="A model by name; it then does everything.")
@click.option("--apply", "is_applied", is_flag=True, help="Write the changes to the files.")
@click.option("--api", "is_api_requested", is_flag=True, help="Ask for a paid API.")
@click.option("--force-paid", is_flag=True, help="Use a paid API even near a limit.")
@click.option("--hint", type=float, help="Complexity from 0 to 1, where you know it.")
@click.option("--no-cache", is_flag=True, help="Neither look up nor keep the result.")
@json_option
@data_dir_option
def command(
    words: tuple[str, ...],
    needs: str | None,
    model: str | None,
    is_applied: bool,
    is_api_requested: bool,
    force_paid: bool,
    hint: float | None,
    no_cache: bool,
    is_json: bool,
    data_dir: Path | None,
) -> None:
    """Do a task: `bursar run "tidy these up" src/*.py --apply`.

    The first word is the task, the others are files; `-` reads standard input. Without files, those
    changed against HEAD are taken. `git diff | bursar run -` reviews what it is given.
    """
    from bursar.planner.v1 import planner_pb2

    description, names = _split(words)
    task = planner_pb2.Task(
        description=description,
        required_capabilities=[name.strip() for name in (needs or "").split(",") if name.strip()],
        requested_model=model or "",
        is_api_requested=is_api_requested,
        is_paid_forced=force_paid,
    )
    if hint is not None:
        task.complexity_hint = hint
    from bursar_all.task_session import TaskSession

    session = TaskSession(data_dir, task, is_json=is_json, is_cache_bypassed=no_cache)
    sys.exit(run_async(session.run(names, _standard_input(names), is_applied=is_applied)))


def _split(words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The task and its files; `-` alone means a default task on standard input."""
    if words[0] == STANDARD_INPUT:
        return DEFAULT_DESCRIPTION, words
    return words[0], words[1:]


def _standard_input(names: tuple[str, ...]) -> bytes | None:
    if STANDARD_INPUT not in names:
        return None
    content = sys.stdin.buffer.read(STANDARD_INPUT_BYTES_MAX + 1)
    if len(content) > STANDARD_INPUT_BYTES_MAX:
        raise click.UsageError("standard input is longer than 16 MiB; send a part of it")
    return content
