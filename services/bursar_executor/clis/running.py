"""A CLI at work: looked for, asked for its login, run within bounds, and read."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from bursar.errors import FailedPrecondition
from bursar_executor.clis.cli import FIRST_LINE, Ask, Cli, Report, StatusAnswer
from bursar_executor.subprocesses.command import Bounds, CommandResult, CommandSpec, Ending
from bursar_executor.subprocesses.subprocesses import Subprocesses

STATUS_S = 10.0
OUTPUT_BYTES_MAX = 8 << 20
# Node reserves far more memory than it uses.
_STATUS_BOUNDS = Bounds(wall_s=STATUS_S, address_space_bytes=None, open_files=None)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run. `is_ended` says that it was stopped at a bound: its report is partial."""

    report: Report
    is_ended: bool = False


class CliRunner:
    """Runs CLIs as other programs are run: no shell, few variables, nothing left behind."""

    def __init__(self, subprocesses: Subprocesses) -> None:
        self._subprocesses = subprocesses

    def is_installed(self, cli: Cli) -> bool:
        """Whether its program is on PATH."""
        return shutil.which(cli.PROGRAM) is not None

    async def is_logged_in(self, cli: Cli) -> bool:
        """As the CLI itself says; no file with a token in it is opened."""
        home = Path.home()
        if not cli.STATUS:
            return cli.is_logged_in(StatusAnswer(None, "", "", home))
        spec = CommandSpec((cli.PROGRAM, *cli.STATUS), home, bounds=_STATUS_BOUNDS)
        told = await self._subprocesses.run(spec)
        stdout, stderr = told.stdout.decode(errors="replace"), told.stderr.decode(errors="replace")
        return cli.is_logged_in(StatusAnswer(told.exit_code, stdout, stderr, home))

    async def run(self, cli: Cli, ask: Ask, prompt: str, bounds: tuple[Path, float]) -> Run:
        """One run in a directory, for so many seconds; its whole tree is ended then.

        Raises BackendUnavailable where the program is not there, FailedPrecondition where it is not
        logged in.
        """
        cwd, wall_s = bounds
        launch = cli.launch(ask)
        for place, content in launch.files.items():
            _write_private(place, content)
        environment = dict(launch.environment)
        if ask.access is not None:
            environment["HOME"] = str(ask.home)
        spec = CommandSpec(
            launch.argv,
            cwd,
            stdin=f"{FIRST_LINE}\n\n{prompt}".encode(),
            environment=environment,
            bounds=Bounds(
                wall_s=wall_s,
                address_space_bytes=None,
                open_files=None,
                stdout_bytes=OUTPUT_BYTES_MAX,
            ),
        )
        result = await self._subprocesses.run(spec)
        report = cli.report(result.stdout.decode(errors="replace"), ask.home)
        if _says_not_logged_in(report, result):
            raise FailedPrecondition(f"{cli.NAME} is not logged in: {cli.LOG_IN}")
        return Run(report, is_ended=result.ending is not Ending.EXITED)


def _says_not_logged_in(report: Report, result: CommandResult) -> bool:
    """In the words of those that were tried; an answer is never taken for them."""
    if report.text:
        return False
    said = f"{report.error}\n{result.stderr.decode(errors='replace')}"
    return "Not logged in" in said or "No authentication information found" in said


def _write_private(place: Path, content: bytes) -> None:
    """Settings may hold the run's key: nobody else reads them."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
