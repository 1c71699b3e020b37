"""mypy: types of Python, checked with the project's own mypy where it has one."""

from __future__ import annotations

import re

from bursar_executor.subprocesses.command import Bounds, CommandResult
from bursar_executor.tools.locating import of_project
from bursar_executor.tools.outcome import Finding, Meaning, Reading
from bursar_executor.tools.settings_files import nearest, table_in_pyproject, whole
from bursar_executor.tools.tool import Call, ToolSpec, Workplace

SAID = re.compile(
    r"^(?P<path>.+?):(?P<line>\d+):(?:(?P<column>\d+):)? error: (?P<message>.*?)"
    r"(?:  \[(?P<code>[a-z0-9-]+)\])?$"
)
NAMES = {
    "mypy.ini": whole,
    ".mypy.ini": whole,
    "pyproject.toml": table_in_pyproject("tool", "mypy"),
    "setup.cfg": lambda path: "[mypy]" in path.read_text(encoding="utf-8", errors="replace"),
}
PLAIN = (
    "--show-column-numbers", "--show-error-codes", "--no-pretty", "--no-color-output",
    "--no-error-summary", "--hide-error-context", "--cache-dir=/dev/null",
)  # fmt: skip


def check(workplace: Workplace) -> tuple[Call, ...]:
    """One call, with the settings that count for the first of the files."""
    settings_file = nearest(workplace, workplace.paths[0], NAMES)
    settings = () if settings_file is None else ("--config-file", str(settings_file))
    return (Call((*PLAIN, *settings, *workplace.arguments), workplace.root),)


def read(result: CommandResult) -> Reading:
    """Exit 0: clean, 1: findings, 2: findings that ended it early, or it could not work."""
    text = result.stdout.decode(errors="replace")
    said = [found for line in text.splitlines() if (found := SAID.match(line))]
    findings = tuple(
        Finding(
            path=found["path"],
            line=int(found["line"]),
            column=int(found["column"] or 0),
            code=found["code"] or "",
            message=found["message"],
        )
        for found in said
    )
    if findings:
        return Reading(Meaning.FINDINGS, findings)
    if result.exit_code == 0:
        return Reading(Meaning.CLEAN)
    detail = result.stderr.decode(errors="replace").strip() or text.strip()
    return Reading(Meaning.FAILED, detail=detail)


MYPY = ToolSpec(
    name="mypy",
    capabilities=frozenset({"typing"}),
    patterns=("*.py", "*.pyi"),
    remedy="pip install mypy",
    locate=of_project("mypy", ".venv/bin"),
    check=check,
    read=read,
    bounds=Bounds(wall_s=180.0),
    needs_project=True,
)
