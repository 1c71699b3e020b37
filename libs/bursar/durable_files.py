"""Private files that survive a power cut whole: old content or new, never half of one."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bursar.errors import FailedPrecondition, StorageFull, Unavailable

PRIVATE_FILE_MODE = 0o600
PRIVATE_DIRECTORY_MODE = 0o700

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_PASSING = frozenset({errno.EAGAIN, errno.EINTR, errno.EIO, errno.EMFILE, errno.ENFILE})


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns an OSError about `path` into StorageFull, FailedPrecondition or Unavailable, each with
    its remedy.
    """
    try:
        yield
    except OSError as error:
        facts = {"path": str(path)}
        if error.errno in _FULL:
            message = f"no space is left for {path}; free some or choose another data directory"
            raise StorageFull(message, facts=facts) from error
        if error.errno in _PASSING:
            raise Unavailable(
                f"{path} cannot be used now: {error.strerror}", facts=facts
            ) from error
        message = (
            f"{path} cannot be used: {error.strerror}; make it readable and writable for this user"
            " or choose another data directory"
        )
        raise FailedPrecondition(message, facts=facts) from error


def make_private_directory(path: Path) -> None:
    """`path` and its missing parents, made for this user alone; each new entry is on disk after.

    Directories that exist keep their mode.
    """
    with storage_errors(path):
        _make_directory(path)


def replace_file(path: Path, content: bytes, *, staging: Path | None = None) -> None:
    """`path` holds `content`, for this user alone; it is on disk when this returns.

    staging: the directory of the same file system where it is written first; None writes it beside
    `path`. A crash may leave a file there that ends in `.new`.
    """
    with storage_errors(path):
        with _staged(staging or path.parent, content) as temporary:
            os.replace(temporary, path)
        sync_directory(path.parent)


def create_file(path: Path, content: bytes) -> bool:
    """Like `replace_file`, but never over a file that exists; False when there was one."""
    with storage_errors(path):
        with _staged(path.parent, content) as temporary:
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
        sync_directory(path.parent)
        return True


def sync_directory(path: Path) -> None:
    """What was made, renamed or removed in `path` is on disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_directory(path: Path) -> None:
    if path.is_dir():
        return
    if path.parent != path:
        _make_directory(path.parent)
    with suppress(FileExistsError):  # another process was faster; a file there fails below
        path.mkdir(mode=PRIVATE_DIRECTORY_MODE)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    sync_directory(path.parent)


@contextmanager
def _staged(directory: Path, content: bytes) -> Iterator[Path]:
    """A file with `content` in `directory`, its bytes on disk; gone at the end unless renamed."""
    temporary = directory / f".{secrets.token_hex(16)}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
