"""What there is to know of a tool: a small table of facts and functions, one file a tool."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from bursar_executor.subprocesses.command import Bounds, CommandResult
from bursar_executor.tools.outcome import Reading


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a tool works: the copy, the files in it that are its business, and where they came
    from, if that is on this machine. There, nothing is written; settings are looked for.
    """

    root: Path
    paths: tuple[str, ...]
    origin: Path | None

    @property
    def arguments(self) -> tuple[str, ...]:
        """The paths so written that none can be taken for an option."""
        return tuple(f"./{path}" for path in self.paths)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool: what follows its name, in which directory of the copy, and what of the
    environment is particular to it.
    """

    arguments: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)


Locate = Callable[[Path | None], tuple[str, ...] | None]
Build = Callable[[Workplace], tuple[Call, ...]]
Read = Callable[[CommandResult], Reading]

QUICK = Bounds(wall_s=60.0, stdout_bytes=8 << 20)


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool.

    locate: how it is started for files from this origin, or None where it is not installed.
    check: the calls that look and change nothing; read: what one of them said, with paths absolute
    or relative to the call's directory. mend: the calls that mend what can be; what they say of
    themselves is not trusted, the check is made again.
    needs_project: its verdict on a file depends on the files around it.
    """

    name: str
    capabilities: frozenset[str]
    patterns: tuple[str, ...]
    remedy: str
    locate: Locate
    check: Build
    read: Read
    mend: Build | None = None
    version_arguments: tuple[str, ...] = ("--version",)
    bounds: Bounds = QUICK
    needs_project: bool = False

    def takes(self, path: str) -> bool:
        """Whether a file is this tool's business, by its name."""
        name = PurePosixPath(path).name
        return any(fnmatch(name, pattern) for pattern in self.patterns)
