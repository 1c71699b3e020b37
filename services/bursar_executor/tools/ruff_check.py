"""ruff check: finds faults in Python and mends those that have a safe fix."""

from __future__ import annotations

from bursar_executor.tools.locating import beside_python
from bursar_executor.tools.ruff_report import read
from bursar_executor.tools.ruff_settings import calls
from bursar_executor.tools.tool import Call, ToolSpec, Workplace


def check(workplace: Workplace) -> tuple[Call, ...]:
    return calls(workplace, "check", "--no-cache", "--output-format", "json", "--no-fix")


def mend(workplace: Workplace) -> tuple[Call, ...]:
    return calls(workplace, "check", "--no-cache", "--quiet", "--fix")


RUFF_CHECK = ToolSpec(
    name="ruff-check",
    capabilities=frozenset({"linting"}),
    patterns=("*.py", "*.pyi"),
    remedy="pip install ruff",
    locate=beside_python("ruff"),
    check=check,
    mend=mend,
    read=read,
)
