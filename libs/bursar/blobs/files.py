"""Blobs as files, one each."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from bursar.blobs.place import BlobPlace
from bursar.blobs.stored_form import MAX_STORED_BYTES
from bursar.durable_files import (
    make_private_directory,
    replace_file,
    storage_errors,
    sync_directory,
)

_INCOMING = "incoming"
_LEFT_BEHIND_AFTER_S = 3600


class BlobFiles:
    """`root/<hash of the tenant>/ab/cd/<address>`: two levels keep each directory small.

    A file is there whole or not at all, whenever the power goes. Blocking calls, from any thread;
    all raise FailedPrecondition or Unavailable when the directory cannot be used.
    """

    def __init__(self, root: Path) -> None:
        """Below `root`, made when missing; what crashed writers left behind is removed."""
        self._root = root
        self._incoming = root / _INCOMING
        make_private_directory(self._incoming)
        self._remove_left_behind(time.time())

    def put(self, place: BlobPlace, stored: bytes) -> None:
        """`stored` is at `place`, durable, when this returns. Raises StorageFull."""
        path = self.path_of(place)
        if self.read(place) != stored:
            make_private_directory(path.parent)
            replace_file(path, stored, staging=self._incoming)
            return
        with storage_errors(path):
            # Who put it first may not have come this far yet, and we promise it durable, too.
            sync_directory(path.parent)

    def read(self, place: BlobPlace) -> bytes | None:
        """What is stored there, cut off where no stored form goes on; None for nothing."""
        path = self.path_of(place)
        with storage_errors(path):
            try:
                with path.open("rb") as file:
                    return file.read(MAX_STORED_BYTES + 1)
            except FileNotFoundError:
                return None

    def has(self, place: BlobPlace) -> bool:
        """Whether there is a file."""
        path = self.path_of(place)
        with storage_errors(path):
            return path.is_file()

    def delete(self, place: BlobPlace) -> None:
        """The file is gone when this returns."""
        path = self.path_of(place)
        with storage_errors(path), suppress(FileNotFoundError):
            path.unlink()
            sync_directory(path.parent)

    def path_of(self, place: BlobPlace) -> Path:
        """The file that holds the blob, if it is there."""
        address = place.address.hex()
        return self._root / place.tenant.hex() / address[:2] / address[2:4] / address

    def _remove_left_behind(self, now_s: float) -> None:
        with storage_errors(self._incoming):
            for path in self._incoming.iterdir():
                with suppress(FileNotFoundError):  # its writer is alive and was faster
                    if now_s - path.stat().st_mtime > _LEFT_BEHIND_AFTER_S:
                        path.unlink()
