"""A copy of a task's files in a directory of its own, for tools to work on."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bursar_executor.working_copy.bounds import (
    DEFAULT_BOUNDS,
    CopyBounds,
    check_amount,
    check_layout,
    check_path,
    check_text,
    is_generated,
)
from bursar_executor.working_copy.changes import FileChange


class WorkingCopy:
    """Files as they came, and the directory that holds the copy worked on."""

    def __init__(self, root: Path, originals: Mapping[str, bytes]) -> None:
        self.root = root
        self.originals = dict(originals)
        self._surroundings: frozenset[str] = frozenset()

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(self.originals))

    def changes(self) -> tuple[FileChange, ...]:
        """How the copy differs from what came, by path: changed, new and deleted files."""
        present = self.contents() | self._new_files()
        changed = [
            FileChange(path, self.originals.get(path), present.get(path))
            for path in sorted(present.keys() | self.originals.keys())
            if self.originals.get(path) != present.get(path)
        ]
        return tuple(changed)

    @property
    def has_surroundings(self) -> bool:
        return bool(self._surroundings)

    def surround(self, files: Mapping[str, Path]) -> None:
        """Put copies of other files around those that are worked on. They are no part of the
        result, whatever becomes of them.
        """
        around = {path: place for path, place in files.items() if path not in self.originals}
        for path, place in around.items():
            check_path(path)
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place, target)
        self._surroundings |= around.keys()

    def contents(self) -> dict[str, bytes]:
        """The files that came, as they are now; without those that were deleted."""
        places = {path: self.root / path for path in self.paths}
        return {path: place.read_bytes() for path, place in places.items() if _is_regular(place)}

    def _new_files(self) -> dict[str, bytes]:
        """What was written besides, without caches, generated directories and links."""
        known = self.originals.keys() | self._surroundings
        found: dict[str, bytes] = {}
        for at, directories, names in os.walk(self.root):
            directories[:] = [name for name in directories if not is_generated(name)]
            for place in (Path(at, name) for name in names):
                path = place.relative_to(self.root).as_posix()
                if path not in known and _is_regular(place):
                    found[path] = place.read_bytes()
        return found


def _is_regular(place: Path) -> bool:
    return place.is_file() and not place.is_symlink()


@contextmanager
def working_copy(
    files: Mapping[str, bytes], bounds: CopyBounds = DEFAULT_BOUNDS
) -> Iterator[WorkingCopy]:
    """The files by relative path, laid out in a new directory that is gone after the block.

    Raises InvalidRequest for names that lead out of it, binary files and too much of anything.
    """
    check_amount({path: len(content) for path, content in files.items()}, bounds)
    check_layout(frozenset(files))
    for path, content in files.items():
        check_path(path)
        check_text(path, content)
    with tempfile.TemporaryDirectory(prefix="bursar-", ignore_cleanup_errors=True) as directory:
        root = Path(directory).resolve()
        for path, content in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        yield WorkingCopy(root, files)
