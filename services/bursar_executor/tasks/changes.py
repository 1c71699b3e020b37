"""What changed in a task's files, as its result tells it."""

from __future__ import annotations

from collections.abc import Mapping

from bursar.executor.v1 import executor_pb2
from bursar_executor.working_copy.changes import FileChange


def changes_between(
    original: Mapping[str, bytes], present: Mapping[str, bytes]
) -> list[FileChange]:
    """Every file whose bytes differ, by path."""
    return [
        FileChange(path, original.get(path), content)
        for path, content in sorted(present.items())
        if original.get(path) != content
    ]


def told(changes: list[FileChange]) -> list[executor_pb2.FileChange]:
    """Whole new contents with the hash of what each was made from."""
    return [
        executor_pb2.FileChange(
            path=change.path,
            original_sha256=change.original_sha256,
            content=change.after or b"",
        )
        for change in changes
    ]
