"""The bounded log files of processes that nobody watches."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from bursar.durable_files import PRIVATE_FILE_MODE, storage_errors
from bursar.secret import redact

LOG_LIMIT_BYTES = 4 * 1024 * 1024
CITED_LINES = 12

_CITED_BYTES = 8 * 1024
_CHECK_INTERVAL_S = 30.0


def open_log(path: Path) -> int:
    """A descriptor that appends to `path`; a file above half of the limit is put aside first."""
    with storage_errors(path):
        if size_of(path) > LOG_LIMIT_BYTES // 2:
            os.replace(path, _older(path))
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE_MODE)


def size_of(path: Path) -> int:
    """Bytes in `path`; 0 when there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def last_lines(path: Path, after_bytes: int = 0) -> str:
    """The last lines written to `path` behind `after_bytes`, with secrets masked."""
    try:
        with path.open("rb") as file:
            file.seek(max(after_bytes, size_of(path) - _CITED_BYTES))
            text = file.read(_CITED_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return ""
    return redact("\n".join(text.splitlines()[-CITED_LINES:]))


async def keep_bounded(path: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
    """Cut `path` whenever it has grown over `limit_bytes`, for ever; what is cut off stands beside
    it until the next time.

    The writers append, so they go on at the new end.
    """
    while True:
        await asyncio.to_thread(cut, path, limit_bytes)
        await asyncio.sleep(_CHECK_INTERVAL_S)


def cut(path: Path, limit_bytes: int) -> None:
    """Move the content of `path` aside if it is over `limit_bytes`; the file itself stays."""
    with storage_errors(path):
        if size_of(path) > limit_bytes:
            shutil.copyfile(path, _older(path))
            _older(path).chmod(PRIVATE_FILE_MODE)
            os.truncate(path, 0)


def _older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")
