"""Writing a task's changes where its files came from, once somebody has said yes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from bursar.errors import FailedPrecondition
from bursar.executor.v1 import executor_pb2
from bursar_executor.working_copy.applying import Replacement, apply


def replacements_of(changes: Iterable[executor_pb2.FileChange]) -> list[Replacement]:
    """What a result's changes are to files on a disk."""
    return [
        Replacement(
            change.path, change.original_sha256, None if change.is_deleted else change.content
        )
        for change in changes
    ]


async def written(result: executor_pb2.TaskResult, *, is_local: bool) -> tuple[str, ...]:
    """The files that were written; again it writes nothing. Raises Conflict where a file changed
    since, and FailedPrecondition where this executor may not look at the caller's disk.
    """
    if not result.changes:
        return ()
    if not is_local or not result.origin_directory:
        raise FailedPrecondition(
            "this executor cannot write where the files came from: apply the result's diff there"
        )
    changes = replacements_of(result.changes)
    return await asyncio.to_thread(apply, changes, Path(result.origin_directory))
