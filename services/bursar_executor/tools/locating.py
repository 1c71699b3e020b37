"""Where a tool is started from: beside our own Python, in the project, or on the path.

A tool that is not there is never fetched.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bursar_executor.tools.tool import Locate


def beside_python(program: str) -> Locate:
    """A program installed with this project, else one on the path."""

    def locate(origin: Path | None) -> tuple[str, ...] | None:
        return _command(Path(sys.executable).parent / program) or _on_path(program)

    return locate


def of_project(program: str, directory: str) -> Locate:
    """A program in `directory` (such as .venv/bin) at or above the origin, else on the path."""

    def locate(origin: Path | None) -> tuple[str, ...] | None:
        for place in (origin, *origin.parents) if origin else ():
            if found := _command(place / directory / program):
                return found
        return _on_path(program)

    return locate


def on_path(program: str) -> Locate:
    """A program of the system."""

    def locate(origin: Path | None) -> tuple[str, ...] | None:
        return _on_path(program)

    return locate


def _command(place: Path) -> tuple[str, ...] | None:
    return (str(place),) if shutil.which(str(place)) else None


def _on_path(program: str) -> tuple[str, ...] | None:
    found = shutil.which(program)
    return (found,) if found else None
