"""What may enter a working copy: how much, under which names, and nothing but text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from bursar.errors import InvalidRequest

BINARY_LOOK_BYTES = 8192
PATH_BYTES_MAX = 1024
# Never read from a copy nor written back: a repository's own files can run programs.
FORBIDDEN_NAMES = frozenset({".git", ".hg", ".svn"})
GENERATED_NAMES = frozenset({"__pycache__", "node_modules", "target", "build", "dist", "venv"})


@dataclass(frozen=True, slots=True)
class CopyBounds:
    """How much one task may bring along."""

    files: int = 1_000
    file_bytes: int = 16 << 20
    total_bytes: int = 16 << 20


DEFAULT_BOUNDS = CopyBounds()


def check_amount(sizes_bytes: Mapping[str, int], bounds: CopyBounds = DEFAULT_BOUNDS) -> None:
    """Raises InvalidRequest when the files by their sizes are too many or too large."""
    if len(sizes_bytes) > bounds.files:
        raise InvalidRequest.of("files", len(sizes_bytes), f"name at most {bounds.files} files")
    for path, size_bytes in sizes_bytes.items():
        if size_bytes > bounds.file_bytes:
            raise InvalidRequest.of("files", path, f"each may have {bounds.file_bytes} bytes")
    total_bytes = sum(sizes_bytes.values())
    if total_bytes > bounds.total_bytes:
        remedy = f"all together may have {bounds.total_bytes} bytes; name fewer files"
        raise InvalidRequest.of("files", f"{total_bytes} bytes", remedy)


def check_path(path: str) -> None:
    """Raises InvalidRequest for a name that leads out of the copy or that a tool could misread."""
    parts = path.split("/")
    if path.startswith("/") or any(part in {"", ".", ".."} for part in parts):
        raise InvalidRequest.of("files.path", path, "give a plain path relative to the root")
    if FORBIDDEN_NAMES.intersection(parts):
        raise InvalidRequest.of("files.path", path, "a repository's own files are left alone")
    if not path.isprintable() or len(path.encode(errors="replace")) > PATH_BYTES_MAX:
        raise InvalidRequest.of("files.path", ascii(path), "use printable names, 1,024 bytes long")


def check_layout(paths: frozenset[str]) -> None:
    """Raises InvalidRequest where one path is a file and also the directory of another."""
    for path in paths:
        for parent in PurePosixPath(path).parents:
            if str(parent) in paths:
                raise InvalidRequest.of("files.path", path, f"{parent} is a file already")


def is_generated(directory_name: str) -> bool:
    """Whether a directory of this name holds caches, builds or other people's code."""
    return directory_name.startswith(".") or directory_name in GENERATED_NAMES


def is_binary(content: bytes) -> bool:
    """Whether the beginning holds a zero byte, as git decides it; UTF-16 counts as binary too."""
    return b"\0" in content[:BINARY_LOOK_BYTES]


def check_text(path: str, content: bytes) -> None:
    """Raises InvalidRequest for a binary file."""
    if is_binary(content):
        raise InvalidRequest.of("files", path, "it is binary; name text files, in UTF-8")
