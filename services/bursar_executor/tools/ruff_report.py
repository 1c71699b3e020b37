"""What ruff says in JSON, of faults and of layout alike."""

from __future__ import annotations

import json

from bursar_executor.subprocesses.command import CommandResult
from bursar_executor.tools.outcome import Finding, Meaning, Reading


def read(result: CommandResult) -> Reading:
    """Findings, whatever the exit code; no report at all means that it could not work.

    Only fixes that ruff calls safe count as fixable. A file that is no Python is a finding of code
    `invalid-syntax`.
    """
    try:
        report = json.loads(result.stdout)
    except ValueError:
        return Reading(Meaning.FAILED, detail=result.stderr.decode(errors="replace").strip())
    findings = tuple(_finding(item) for item in report)
    return Reading(Meaning.FINDINGS if findings else Meaning.CLEAN, findings)


def _finding(item: dict[str, dict[str, object]]) -> Finding:
    location, fix = item["location"], item.get("fix") or {}
    return Finding(
        path=str(item["filename"]),
        line=int(str(location["row"])),
        column=int(str(location["column"])),
        code=str(item.get("code") or "invalid-syntax"),
        message=str(item["message"]),
        is_fixable=fix.get("applicability") == "safe",
    )
