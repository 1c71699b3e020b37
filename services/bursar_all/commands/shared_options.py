"""Options that most commands take, and how a command runs its coroutine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

Returned = TypeVar("Returned")
Function = TypeVar("Function", bound=Callable[..., Any])

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where this machine keeps its log, keys and cache.",
)
json_option = click.option("--json", "is_json", is_flag=True, help="One JSON object a line.")


def run_async(
    work: Coroutine[Any, Any, Returned], run: Callable[..., Returned] = asyncio.run
) -> Returned:
    """Runs a command's coroutine; the first error of a task group is raised as itself."""
    try:
        return run(work)
    except BaseExceptionGroup as group:
        raise _first_of(group) from None
    except KeyboardInterrupt:
        raise click.Abort from None


def _first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first = group.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first
