"""ruff format: gives Python its usual layout."""

from __future__ import annotations

from bursar_executor.tools.locating import beside_python
from bursar_executor.tools.ruff_report import read
from bursar_executor.tools.ruff_settings import calls
from bursar_executor.tools.tool import Call, ToolSpec, Workplace


def check(workplace: Workplace) -> tuple[Call, ...]:
    return calls(workplace, "format", "--no-cache", "--check", "--output-format", "json")


def mend(workplace: Workplace) -> tuple[Call, ...]:
    return calls(workplace, "format", "--no-cache", "--quiet")


RUFF_FORMAT = ToolSpec(
    name="ruff-format",
    capabilities=frozenset({"formatting"}),
    patterns=("*.py", "*.pyi"),
    remedy="pip install ruff",
    locate=beside_python("ruff"),
    check=check,
    mend=mend,
    read=read,
)
