"""What changed in a task's files, as its result tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from bursar.executor.v1 import executor_pb2
from bursar_executor.working_copy.changes import FileChange, unified_diff

# Longer files are not compared: to find out how two of them differ can take minutes.
COMPARED_BYTES_MAX = 1 << 20
DIFF_BYTES_MAX = 4 << 20
# So much is compared at once; more of it beside the event loop.
AT_ONCE_BYTES_MAX = 32 * 1024


def changes_between(
    original: Mapping[str, bytes], present: Mapping[str, bytes]
) -> list[FileChange]:
    """Every file whose bytes differ, that is new or gone, by path."""
    return [
        FileChange(path, original.get(path), present.get(path))
        for path in sorted({*original, *present})
        if original.get(path) != present.get(path)
    ]


def told(changes: Sequence[FileChange]) -> list[executor_pb2.FileChange]:
    """Whole new contents with the hash of what each was made from."""
    return [
        executor_pb2.FileChange(
            path=change.path,
            original_sha256=change.original_sha256,
            content=change.after or b"",
            is_deleted=change.after is None,
        )
        for change in changes
    ]


async def shown(changes: Sequence[FileChange]) -> str:
    """The unified diff, as far as one is shown: a line stands for what is too long for it."""
    if sum(map(_size_bytes, changes)) <= AT_ONCE_BYTES_MAX:
        return unified_diff(changes)
    return await asyncio.to_thread(_bounded_diff, changes)


def _bounded_diff(changes: Sequence[FileChange]) -> str:
    pieces: list[str] = []
    size_bytes = 0
    for change in changes:
        is_short = _size_bytes(change) <= COMPARED_BYTES_MAX and size_bytes < DIFF_BYTES_MAX
        piece = unified_diff([change]) if is_short else ""
        if not piece or size_bytes + len(piece) > DIFF_BYTES_MAX:
            piece = f"# {change.path} changed in more than is shown here\n"
        size_bytes += len(piece)
        pieces.append(piece)
    return "".join(pieces)


def _size_bytes(change: FileChange) -> int:
    return len(change.before or b"") + len(change.after or b"")
