"""Which files a task is about: those named, or those changed against HEAD."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bursar.errors import InvalidRequest, NotFound
from bursar_executor.subprocesses.subprocesses import Subprocesses
from bursar_executor.working_copy.bounds import (
    BINARY_LOOK_BYTES,
    DEFAULT_BOUNDS,
    CopyBounds,
    check_amount,
    check_path,
    check_text,
    is_binary,
    is_generated,
)
from bursar_executor.working_copy.repository import Repository, repository_at

ASK_FOR_FILES = "name the files to work on, or start where git sees changes"


@dataclass(frozen=True, slots=True)
class Selection:
    """Files by their path below `root`. `left_out` were found by git but are binary."""

    root: Path
    files: dict[str, bytes]
    left_out: tuple[str, ...]
    repository: Repository | None


async def select(
    named: Sequence[str],
    start: Path,
    subprocesses: Subprocesses,
    bounds: CopyBounds = DEFAULT_BOUNDS,
) -> Selection:
    """The named files and directories, relative to `start`; with none named, what git calls
    changed.

    The root is `start`, or the repository's, or else the directory all of them share. Raises
    NotFound for a name that is not there, and InvalidRequest for a binary file, a link that leads
    out of the root, too much, or nothing at all.
    """
    repository = await repository_at(start, subprocesses)
    if named:
        places = [place for name in named for place in _places(start, name)]
        if not places:
            raise InvalidRequest.of("files", " ".join(named), "it holds no text files")
        root = _root(places, start, repository)
        return Selection(root, _read(places, root, bounds), (), repository)
    if repository is None or not repository.changed_paths:
        raise InvalidRequest.of("files", "none", ASK_FOR_FILES)
    places = [repository.root / path for path in repository.changed_paths]
    text = [place for place in places if not place.is_symlink() and not _looks_binary(place)]
    left_out = tuple(
        str(place.relative_to(repository.root)) for place in places if place not in text
    )
    if not text:
        raise InvalidRequest.of("files", "only binary files changed", ASK_FOR_FILES)
    root = _root(text, start, repository)
    return Selection(root, _read(text, root, bounds), left_out, repository)


def _places(start: Path, name: str) -> Iterator[Path]:
    """One named file, or the text files below a named directory."""
    place = Path(os.path.abspath(start / name))
    if place.is_dir():
        yield from _below(place)
    elif place.is_file():
        yield place
    elif place.exists():
        raise InvalidRequest.of("files", name, "name a regular file")
    else:
        raise NotFound(f"{name}: there is no such file", facts={"path": name})


def _below(directory: Path) -> Iterator[Path]:
    """Text files in it, without hidden and generated directories, links and binaries."""
    for at, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if not is_generated(name))
        for place in (Path(at, name) for name in sorted(names)):
            if place.is_file() and not place.is_symlink() and not _looks_binary(place):
                yield place


def _root(places: Sequence[Path], start: Path, repository: Repository | None) -> Path:
    wanted = [start.resolve(), *([repository.root.resolve()] if repository else [])]
    parents = [place.parent.resolve() for place in places]
    for root in wanted:
        if all(parent.is_relative_to(root) for parent in parents):
            return root
    return Path(os.path.commonpath(parents))


def _read(places: Sequence[Path], root: Path, bounds: CopyBounds) -> dict[str, bytes]:
    inside: dict[str, Path] = {}
    for place in places:
        real = place.resolve()
        if not real.is_relative_to(root):
            raise InvalidRequest.of("files", place.name, "it is a link that leads out of the root")
        path = real.relative_to(root).as_posix()
        check_path(path)
        inside[path] = real
    check_amount({path: real.stat().st_size for path, real in inside.items()}, bounds)
    files = {path: real.read_bytes() for path, real in inside.items()}
    for path, content in files.items():
        check_text(path, content)
    return files


def _looks_binary(place: Path) -> bool:
    with place.open("rb") as file:
        return is_binary(file.read(BINARY_LOOK_BYTES))
