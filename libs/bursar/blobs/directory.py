"""Blobs as files of one machine."""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import suppress
from pathlib import Path

from bursar.blobs.reference import AddressOf, BlobReference
from bursar.blobs.store import check_size, not_found
from bursar.blobs.stored_form import MAX_STORED_BYTES, content_of, damaged, stored_form
from bursar.durable_files import (
    make_private_directory,
    replace_file,
    storage_errors,
    sync_directory,
)
from bursar.errors import BlobDamaged, NotFound

_INCOMING = "incoming"
_LEFT_BEHIND_AFTER_S = 3600
_TENANT_BYTES = 16


class DirectoryBlobStore:
    """`root/<hash of the tenant>/ab/cd/<address>`: two levels keep each directory small.

    A file is there whole or not at all, whenever the power goes. All file work runs in threads.
    """

    def __init__(self, root: Path, address_of: AddressOf) -> None:
        self._root = root
        self._incoming = root / _INCOMING
        self._address_of = address_of

    @classmethod
    async def open(cls, root: Path, address_of: AddressOf) -> DirectoryBlobStore:
        """The store below `root`, made when missing; what crashed writers left behind is removed.

        Raises FailedPrecondition when the directory cannot be used.
        """
        store = cls(root, address_of)
        await asyncio.to_thread(store._prepare, time.time())
        return store

    async def put(self, tenant_id: str, content: bytes) -> BlobReference:
        """See BlobStore."""
        check_size(content)
        return await asyncio.to_thread(self._put, tenant_id, content)

    async def get(self, tenant_id: str, reference: BlobReference) -> bytes:
        """See BlobStore."""
        return await asyncio.to_thread(self._get, tenant_id, reference)

    async def exists(self, tenant_id: str, reference: BlobReference) -> bool:
        """See BlobStore."""
        return await asyncio.to_thread(self._exists, self.path_of(tenant_id, reference))

    async def delete(self, tenant_id: str, reference: BlobReference) -> None:
        """See BlobStore."""
        await asyncio.to_thread(self._delete, self.path_of(tenant_id, reference))

    def path_of(self, tenant_id: str, reference: BlobReference) -> Path:
        """The file that holds the blob, if it is there; for backups and checks."""
        # Hashed, as a tenant may be named like a path, or like another one but for its case.
        tenant = hashlib.sha256(tenant_id.encode()).digest()[:_TENANT_BYTES].hex()
        address = reference.address.hex()
        return self._root / tenant / address[:2] / address[2:4] / address

    def _prepare(self, now_s: float) -> None:
        make_private_directory(self._incoming)
        with storage_errors(self._incoming):
            for path in self._incoming.iterdir():
                with suppress(FileNotFoundError):  # its writer is alive and was faster
                    if now_s - path.stat().st_mtime > _LEFT_BEHIND_AFTER_S:
                        path.unlink()

    def _put(self, tenant_id: str, content: bytes) -> BlobReference:
        reference = BlobReference(self._address_of(tenant_id, content))
        path = self.path_of(tenant_id, reference)
        try:
            self._get(tenant_id, reference)
        except (NotFound, BlobDamaged):
            make_private_directory(path.parent)
            replace_file(path, stored_form(content), staging=self._incoming)
        else:
            with storage_errors(path):
                # Who put it first may not have come this far yet, and we promise it durable, too.
                sync_directory(path.parent)
        return reference

    def _get(self, tenant_id: str, reference: BlobReference) -> bytes:
        path = self.path_of(tenant_id, reference)
        with storage_errors(path):
            try:
                if path.stat().st_size > MAX_STORED_BYTES:
                    raise damaged(reference)
                stored = path.read_bytes()
            except FileNotFoundError:
                raise not_found(reference) from None
        return content_of(stored, tenant_id, reference, self._address_of)

    def _delete(self, path: Path) -> None:
        with storage_errors(path), suppress(FileNotFoundError):
            path.unlink()
            sync_directory(path.parent)

    def _exists(self, path: Path) -> bool:
        with storage_errors(path):
            return path.is_file()
