"""shellcheck: faults of shell scripts."""

from __future__ import annotations

import json

from bursar_executor.subprocesses.command import CommandResult
from bursar_executor.tools.locating import on_path
from bursar_executor.tools.outcome import Finding, Meaning, Reading
from bursar_executor.tools.tool import Call, ToolSpec, Workplace


def check(workplace: Workplace) -> tuple[Call, ...]:
    return (Call(("--format=json1", *workplace.arguments), workplace.root),)


def read(result: CommandResult) -> Reading:
    """Exit 0: clean, 1: findings; its report is JSON in both cases."""
    try:
        comments = json.loads(result.stdout)["comments"]
    except (ValueError, KeyError):
        return Reading(Meaning.FAILED, detail=result.stderr.decode(errors="replace").strip())
    findings = tuple(
        Finding(
            path=str(comment["file"]),
            line=int(comment["line"]),
            column=int(comment["column"]),
            code=f"SC{comment['code']}",
            message=str(comment["message"]),
        )
        for comment in comments
    )
    return Reading(Meaning.FINDINGS if findings else Meaning.CLEAN, findings)


SHELLCHECK = ToolSpec(
    name="shellcheck",
    capabilities=frozenset({"linting"}),
    patterns=("*.sh", "*.bash"),
    remedy="install shellcheck from your system's packages",
    locate=on_path("shellcheck"),
    check=check,
    read=read,
)
