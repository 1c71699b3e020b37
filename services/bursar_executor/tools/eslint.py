"""eslint: faults of JavaScript and TypeScript, where the project has installed it and set it up. It
is never fetched.
"""

from __future__ import annotations

import json

from bursar_executor.subprocesses.command import Bounds, CommandResult
from bursar_executor.tools.locating import of_project
from bursar_executor.tools.outcome import Finding, Meaning, Reading
from bursar_executor.tools.settings_files import nearest, whole
from bursar_executor.tools.tool import Call, ToolSpec, Workplace

SETTINGS = {f"eslint.config.{ending}": whole for ending in ("js", "mjs", "cjs", "ts", "mts")}


def check(workplace: Workplace) -> tuple[Call, ...]:
    return _calls(workplace, "--format", "json")


def mend(workplace: Workplace) -> tuple[Call, ...]:
    return _calls(workplace, "--fix", "--quiet")


def read(result: CommandResult) -> Reading:
    """Exit 0: nothing grave, 1: findings, 2: it could not work; warnings count as findings."""
    try:
        files = json.loads(result.stdout)
    except ValueError:
        said = result.stderr.decode(errors="replace")
        told = [line for line in said.splitlines() if "ESLint couldn't" in line or "rror:" in line]
        return Reading(Meaning.FAILED, detail=told[0] if told else said.strip())
    findings = tuple(
        Finding(
            path=str(file["filePath"]),
            line=int(message.get("line") or 0),
            column=int(message.get("column") or 0),
            code=str(message.get("ruleId") or "invalid-syntax"),
            message=str(message["message"]),
            is_fixable="fix" in message,
        )
        for file in files
        for message in file["messages"]
    )
    return Reading(Meaning.FINDINGS if findings else Meaning.CLEAN, findings)


def _calls(workplace: Workplace, *arguments: str) -> tuple[Call, ...]:
    settings_file = nearest(workplace, workplace.paths[0], SETTINGS)
    settings = ("--config", str(settings_file)) if settings_file else ()
    return (Call((*arguments, *settings, *workplace.arguments), workplace.root),)


ESLINT = ToolSpec(
    name="eslint",
    capabilities=frozenset({"linting"}),
    patterns=("*.js", "*.jsx", "*.mjs", "*.cjs", "*.ts", "*.tsx"),
    remedy="npm install --save-dev eslint, in the project, and give it an eslint.config.js",
    locate=of_project("eslint", "node_modules/.bin"),
    check=check,
    mend=mend,
    read=read,
    bounds=Bounds(address_space_bytes=None, stdout_bytes=8 << 20),
)
