"""prettier: layout of JavaScript, TypeScript, CSS, HTML, JSON, YAML and Markdown, where the project
has installed it. It is never fetched.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from bursar_executor.subprocesses.command import Bounds
from bursar_executor.tools.layout import files_named
from bursar_executor.tools.locating import of_project
from bursar_executor.tools.settings_files import nearest, whole
from bursar_executor.tools.tool import Call, ToolSpec, Workplace

FILE = re.compile(r"^(?P<path>\S.*)$")
FAULT = re.compile(
    r"^\[error\] (?P<path>.+?): (?P<message>\w+: .+) \((?P<line>\d+):(?P<column>\d+)\)$", re.M
)
PATTERNS = (
    "*.js", "*.jsx", "*.mjs", "*.cjs", "*.ts", "*.tsx", "*.css", "*.scss", "*.html", "*.json",
    "*.yaml", "*.yml", "*.md",
)  # fmt: skip
ENDINGS = ("", ".json", ".yaml", ".yml", ".json5", ".js", ".mjs", ".cjs", ".ts", ".toml")


def in_package(path: Path) -> bool:
    """Whether a package.json holds settings of prettier."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(content, dict) and "prettier" in content


SETTINGS = {
    "package.json": in_package,
    **{f".prettierrc{ending}": whole for ending in ENDINGS},
    **{f"prettier.config{ending}": whole for ending in (".js", ".mjs", ".cjs", ".ts")},
}


def check(workplace: Workplace) -> tuple[Call, ...]:
    return _calls(workplace, "--list-different")


def mend(workplace: Workplace) -> tuple[Call, ...]:
    return _calls(workplace, "--write", "--log-level", "warn")


def _calls(workplace: Workplace, *arguments: str) -> tuple[Call, ...]:
    settings_file = nearest(workplace, workplace.paths[0], SETTINGS)
    settings = ("--config", str(settings_file)) if settings_file else ("--no-config",)
    return (Call((*arguments, *settings, *workplace.arguments), workplace.root),)


PRETTIER = ToolSpec(
    name="prettier",
    capabilities=frozenset({"formatting"}),
    patterns=PATTERNS,
    remedy="npm install --save-dev prettier, in the project",
    locate=of_project("prettier", "node_modules/.bin"),
    check=check,
    mend=mend,
    read=files_named(FILE, FAULT, fine=frozenset({0})),
    bounds=Bounds(address_space_bytes=None),
)
