"""A tool's settings for a file: the nearest file that holds some, in its directory or above."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from bursar_executor.tools.tool import Workplace

Holds = Callable[[Path], bool]


def nearest(workplace: Workplace, path: str, names: Mapping[str, Holds]) -> Path | None:
    """The settings file that counts for a file of the copy, as its tool itself would find it.

    It is looked for where the file came from, up to the top; where that is unknown, in the copy and
    never above it, for above lies a directory that others may write to. `names` are tried in their
    order in each directory.
    """
    relative = PurePosixPath(path).parent
    if workplace.origin is not None:
        start = workplace.origin.resolve() / relative
        places = [start, *start.parents]
    else:
        places = [workplace.root / above for above in (relative, *relative.parents)]
    for place in places:
        for name, holds in names.items():
            candidate = place / name
            if candidate.is_file() and holds(candidate):
                return candidate
    return None


def whole(path: Path) -> bool:
    """A file that is all settings of its tool."""
    return True


def table_in_pyproject(*keys: str) -> Holds:
    """A pyproject.toml that has this table."""

    def holds(path: Path) -> bool:
        found: object = read_toml(path)
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found is not None

    return holds


def read_toml(path: Path) -> dict[str, object]:
    """The file's content; empty where it is not TOML: its tool will say so in its own words."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def working_directory(workplace: Workplace, settings_file: Path) -> Path:
    """Where in the copy to stand so that patterns in the settings mean the same files: what
    corresponds to the directory of the settings file, or the copy's root when that lies above.
    """
    base = workplace.root if workplace.origin is None else workplace.origin.resolve()
    directory = settings_file.parent
    if not directory.is_relative_to(base):
        return workplace.root
    return workplace.root / directory.relative_to(base)
