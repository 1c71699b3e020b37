"""Writing changes back: only onto what they were made from, each file whole or not at all."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bursar.errors import Conflict, FailedPrecondition, InvalidRequest
from bursar_executor.working_copy.bounds import check_path

NEW_FILE_MODE = 0o644


@dataclass(frozen=True, slots=True)
class Replacement:
    """A file's new content (None deletes it) and the SHA-256 of what it was made from (empty: the
    file is new).
    """

    path: str
    original_sha256: bytes
    content: bytes | None


def apply(replacements: Sequence[Replacement], root: Path) -> tuple[str, ...]:
    """Write the changes below `root`; the answer names the files that were written.

    Nothing is written unless every original is unchanged: Conflict names the first that is not. A
    file that already has its new content is left as it is, so applying twice is harmless. Raises
    FailedPrecondition where a file cannot be written.
    """
    targets = {change.path: _target(change.path, root) for change in replacements}
    pending = [change for change in replacements if _is_pending(change, targets[change.path])]
    with ExitStack() as staged:
        try:
            ready = [(change, _stage(change, targets[change.path], staged)) for change in pending]
            for change in pending:
                _is_pending(change, targets[change.path])
            for change, prepared in ready:
                _put(prepared, targets[change.path])
        except OSError as error:
            message = f"{error.filename}: cannot be written: {error.strerror}"
            raise FailedPrecondition(message) from error
    return tuple(change.path for change in pending)


def _target(path: str, root: Path) -> Path:
    """Where the change goes. Raises InvalidRequest when a link leads it out of the root."""
    check_path(path)
    target = root.resolve() / path
    if target.is_symlink() or not target.parent.resolve().is_relative_to(root.resolve()):
        raise InvalidRequest.of("files.path", path, "a link leads elsewhere; name the file itself")
    return target


def _is_pending(change: Replacement, target: Path) -> bool:
    """False when the file is already as wanted. Raises Conflict when it is as neither."""
    present = target.read_bytes() if target.is_file() else None
    if present == change.content:
        return False
    found_sha256 = b"" if present is None else hashlib.sha256(present).digest()
    if found_sha256 != change.original_sha256:
        raise Conflict(
            f"{change.path} changed since it was read; nothing was written",
            facts={"path": change.path},
        )
    return True


def _stage(change: Replacement, target: Path, staged: ExitStack) -> Path | None:
    """The new content beside its target, durable and with the same mode; None for a deletion."""
    if change.content is None:
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else NEW_FILE_MODE
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:64]}.", dir=target.parent)
    staged.callback(Path(name).unlink, missing_ok=True)
    with open(descriptor, "wb") as file:
        file.write(change.content)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _put(prepared: Path | None, target: Path) -> None:
    if prepared is None:
        target.unlink()
    else:
        prepared.replace(target)
