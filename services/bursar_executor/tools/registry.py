"""All local tools there are, and which of them a task needs."""

from __future__ import annotations

from collections.abc import Iterable

from bursar_executor.tools.eslint import ESLINT
from bursar_executor.tools.gofmt import GOFMT
from bursar_executor.tools.mypy import MYPY
from bursar_executor.tools.prettier import PRETTIER
from bursar_executor.tools.pytest import PYTEST
from bursar_executor.tools.ruff_check import RUFF_CHECK
from bursar_executor.tools.ruff_format import RUFF_FORMAT
from bursar_executor.tools.rustfmt import RUSTFMT
from bursar_executor.tools.shellcheck import SHELLCHECK
from bursar_executor.tools.tool import ToolSpec

# In the order in which they work: what mends faults comes before what mends the layout, and what
# only judges comes last, so that it judges the result.
TOOLS: tuple[ToolSpec, ...] = (
    RUFF_CHECK,
    ESLINT,
    SHELLCHECK,
    RUFF_FORMAT,
    PRETTIER,
    GOFMT,
    RUSTFMT,
    MYPY,
    PYTEST,
)


def tools_for(capabilities: Iterable[str], paths: Iterable[str]) -> tuple[ToolSpec, ...]:
    """The tools that can do some of what is needed and whose business are some of the files, in
    the order in which they work; installed or not.
    """
    needed, names = frozenset(capabilities), tuple(paths)
    return tuple(
        tool
        for tool in TOOLS
        if tool.capabilities & needed and any(tool.takes(path) for path in names)
    )


def by_name(name: str) -> ToolSpec | None:
    """The tool of this name."""
    return next((tool for tool in TOOLS if tool.name == name), None)
