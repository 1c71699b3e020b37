"""What a task changed: whole new contents with the hash of what they were made from."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

NO_NEWLINE = b"\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file before and after; None where it does not exist."""

    path: str
    before: bytes | None
    after: bytes | None

    @property
    def original_sha256(self) -> bytes:
        """What `apply` compares with; empty for a new file."""
        return b"" if self.before is None else hashlib.sha256(self.before).digest()

    def diff(self) -> bytes:
        """Unified, as `git apply` and `patch -p1` take it."""
        old = "/dev/null" if self.before is None else f"a/{self.path}"
        new = "/dev/null" if self.after is None else f"b/{self.path}"
        lines = difflib.diff_bytes(
            difflib.unified_diff,
            _lines(self.before),
            _lines(self.after),
            old.encode(),
            new.encode(),
        )
        return b"".join(_ended(lines))


def unified_diff(changes: Iterable[FileChange]) -> str:
    """All changes as one text; bytes that are not UTF-8 are shown replaced."""
    return b"".join(change.diff() for change in changes).decode(errors="replace")


def _lines(content: bytes | None) -> list[bytes]:
    """Split at newlines only: form feeds and the like stay inside their line."""
    pieces = (content or b"").split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


def _ended(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield line
        if not line.endswith(b"\n"):
            yield b"\n" + NO_NEWLINE
