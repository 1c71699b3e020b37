"""What formatters have in common: they name the files they would change, one a line."""

from __future__ import annotations

import re

from bursar_executor.subprocesses.command import CommandResult
from bursar_executor.tools.outcome import Finding, Meaning, Reading
from bursar_executor.tools.tool import Read

UNFORMATTED = "unformatted"


def files_named(line: re.Pattern[str], fault: re.Pattern[str], fine: frozenset[int]) -> Read:
    """A reader of such a list.

    line: a line that names a file to be changed, as group `path`. fault: what standard error says
    of a file that cannot be read as its language: groups `path`, `line`, `column`, `message`. fine:
    the exit codes of a tool that did its work.
    """

    def read(result: CommandResult) -> Reading:
        told = result.stdout.decode(errors="replace").splitlines()
        errors = result.stderr.decode(errors="replace")
        unformatted = [
            Finding(found["path"], 0, 0, UNFORMATTED, "would be laid out anew", is_fixable=True)
            for text in told
            if (found := line.match(text))
        ]
        faults = [_fault(found) for found in fault.finditer(errors)]
        findings = (*faults, *unformatted)
        if findings:
            return Reading(Meaning.FINDINGS, findings)
        if result.exit_code in fine:
            return Reading(Meaning.CLEAN)
        return Reading(Meaning.FAILED, detail=errors.strip())

    return read


def _fault(found: re.Match[str]) -> Finding:
    return Finding(
        path=found["path"],
        line=int(found["line"]),
        column=int(found["column"]),
        code="invalid-syntax",
        message=found["message"],
    )
