"""What git says of the directory a task starts in: its root, its commit and what changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bursar.errors import BackendUnavailable, FailedPrecondition
from bursar_executor.subprocesses.command import Bounds, CommandResult, CommandSpec
from bursar_executor.subprocesses.subprocesses import Subprocesses

# A repository's own settings may name programs to run; looking at it must run none.
GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
ENVIRONMENT = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C.UTF-8"}
BOUNDS = Bounds(wall_s=20.0, stdout_bytes=4 << 20)
SUBMODULE = "S"
# How many fields stand before the path, by kind of entry (git-status(1), "Porcelain format 2").
FIELDS_BEFORE_PATH = {"1": 8, "u": 10}


@dataclass(frozen=True, slots=True)
class Repository:
    """A working tree. `commit_id` is empty before the first commit.

    `changed_paths` are relative to the root: staged, unstaged and untracked files, without ignored,
    deleted ones and submodules.
    """

    root: Path
    commit_id: str
    is_dirty: bool
    changed_paths: tuple[str, ...]


async def repository_at(start: Path, subprocesses: Subprocesses) -> Repository | None:
    """The repository around `start`; None outside of one, or where git is not installed.

    Raises FailedPrecondition when git finds one but will not read it.
    """
    try:
        located = await git(start, subprocesses, "rev-parse", "--show-toplevel")
    except BackendUnavailable:
        return None
    if not located.succeeded:
        if b"not a git repository" in located.stderr or b"work tree" in located.stderr:
            return None
        raise FailedPrecondition(f"git: {located.stderr.decode(errors='replace').strip()}")
    root = Path(located.stdout.decode(errors="surrogateescape").removesuffix("\n"))
    status = await git(
        root, subprocesses, "status", "--porcelain=v2", "--branch", "-z",
        "--untracked-files=all", "--no-renames", "--ignore-submodules=all",
    )  # fmt: skip
    if not status.succeeded or status.stdout_cut:
        raise FailedPrecondition("git: the state of the repository cannot be read; name the files")
    return parse_status(root, status.stdout.decode(errors="surrogateescape"))


def parse_status(root: Path, text: str) -> Repository:
    """Read `git status --porcelain=v2 --branch -z --no-renames`."""
    entries = [entry for entry in text.split("\0") if entry]
    commit_ids = [entry.split(" ")[2] for entry in entries if entry.startswith("# branch.oid ")]
    commit_id = commit_ids[0] if commit_ids and commit_ids[0] != "(initial)" else ""
    changed = sorted(_changed(entry for entry in entries if not entry.startswith("# ")))
    present = tuple(path for path in changed if (root / path).is_file())
    return Repository(root, commit_id, bool(changed), present)


def _changed(entries: Iterator[str]) -> Iterator[str]:
    for entry in entries:
        kind = entry[0]
        if kind == "?":
            yield entry[2:]
        elif kind in FIELDS_BEFORE_PATH:
            fields = entry.split(" ", FIELDS_BEFORE_PATH[kind])
            if not fields[2].startswith(SUBMODULE):
                yield fields[-1]


async def git(at: Path, subprocesses: Subprocesses, *arguments: str) -> CommandResult:
    """One call of git, supervised, that runs no program a repository names."""
    return await subprocesses.run(
        CommandSpec((*GIT, *arguments), at, environment=ENVIRONMENT, bounds=BOUNDS)
    )
