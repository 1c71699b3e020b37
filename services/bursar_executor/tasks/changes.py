"""What changed in a task's files: whole files to apply, and a diff to read."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping

from bursar.executor.v1 import executor_pb2


def changed_files(
    original: Mapping[str, bytes], present: Mapping[str, bytes]
) -> list[executor_pb2.FileChange]:
    """Every file whose bytes differ, with the hash of what it was made from."""
    return [
        executor_pb2.FileChange(
            path=path,
            original_sha256=hashlib.sha256(original.get(path, b"")).digest(),
            content=content,
        )
        for path, content in sorted(present.items())
        if original.get(path) != content
    ]


def unified_diff(original: Mapping[str, bytes], present: Mapping[str, bytes]) -> str:
    """In the form that `git apply` and `patch -p1` take."""
    pieces: list[str] = []
    for path in sorted(present):
        if original.get(path) == present[path]:
            continue
        before = original.get(path, b"").decode("utf-8", errors="replace")
        after = present[path].decode("utf-8", errors="replace")
        pieces += _file_diff(path, before, after)
    return "".join(pieces)


def _file_diff(path: str, before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        fromfile=f"a/{path}",
        tofile=f"b/{path}",
    )
    marked: list[str] = []
    for line in lines:
        marked.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return marked
