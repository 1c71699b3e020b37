"""The user's own settings of ruff, made to count for a copy of the files.

The file ruff would find from the originals is named to it; without one it runs on its defaults
(`--isolated`), for above the copy lies a directory that is nobody's project. Two things do not
survive a copy and are mended: patterns are meant relative to the settings file, so ruff is started
in the corresponding directory of the copy; and which imports are the project's own is decided by
looking at `src`, so that is given in full paths of the originals.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bursar_executor.tools.settings_files import (
    nearest,
    read_toml,
    table_in_pyproject,
    whole,
    working_directory,
)
from bursar_executor.tools.tool import Call, Workplace

NAMES = {
    ".ruff.toml": whole,
    "ruff.toml": whole,
    "pyproject.toml": table_in_pyproject("tool", "ruff"),
}
DEFAULT_SRC = (".", "src")


def calls(workplace: Workplace, *command: str) -> tuple[Call, ...]:
    """One call for each settings file that counts for some of the files."""
    groups: defaultdict[Path | None, list[str]] = defaultdict(list)
    for path in workplace.paths:
        groups[nearest(workplace, path, NAMES)].append(path)
    return tuple(
        _call(workplace, command, settings_file, paths) for settings_file, paths in groups.items()
    )


def _call(
    workplace: Workplace, command: tuple[str, ...], settings_file: Path | None, paths: Sequence[str]
) -> Call:
    files = tuple(str(workplace.root / path) for path in paths)
    if settings_file is None:
        return Call((*command, "--isolated", *files), workplace.root)
    settings = ("--config", str(settings_file), "--config", f"src = {_src(settings_file)}")
    return Call((*command, *settings, *files), working_directory(workplace, settings_file))


def _src(settings_file: Path) -> str:
    """The `src` setting with full paths, as TOML (a JSON list of strings is one)."""
    table: object = read_toml(settings_file)
    if settings_file.name == "pyproject.toml":
        for key in ("tool", "ruff"):
            table = table.get(key) if isinstance(table, dict) else None
    wanted = table.get("src") if isinstance(table, dict) else None
    names = wanted if isinstance(wanted, list) else DEFAULT_SRC
    return json.dumps([str(settings_file.parent / str(name)) for name in names])
