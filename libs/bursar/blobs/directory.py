"""Blobs in a directory of one machine: small ones in a table, larger ones as files."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bursar.blobs.files import BlobFiles
from bursar.blobs.place import BlobPlace
from bursar.blobs.reference import AddressOf, BlobReference
from bursar.blobs.small import SmallBlobs
from bursar.blobs.small_table import SMALL_BYTES_MAX, SmallBlobTable
from bursar.blobs.store import check_size, not_found
from bursar.blobs.stored_form import content_of, stored_form
from bursar.errors import BlobDamaged, BursarError, FailedPrecondition, StorageFull, Unavailable

# Addressed and compressed in less time than another thread takes to begin.
_AT_ONCE_BYTES = 16 * 1024


class DirectoryBlobStore:
    """A blob is looked for in both, so it does not matter which of them once took it.

    What the table does not take, because it is broken or the disk full, is put as a file, which
    takes it or says why not.
    """

    def __init__(self, files: BlobFiles, small: SmallBlobs, address_of: AddressOf) -> None:
        self._files = files
        self._small = small
        self._address_of = address_of

    @classmethod
    async def open(cls, root: Path, address_of: AddressOf) -> DirectoryBlobStore:
        """The store below `root`, made when missing; what crashed writers left behind is removed.

        Raises FailedPrecondition when the directory cannot be used.
        """
        files = await asyncio.to_thread(BlobFiles, root)
        table = await asyncio.to_thread(SmallBlobTable, root)
        return cls(files, SmallBlobs(table), address_of)

    async def aclose(self) -> None:
        """Gives the files back, once what is being put is durable."""
        await self._small.close()

    async def put(self, tenant_id: str, content: bytes) -> BlobReference:
        """See BlobStore."""
        check_size(content)
        if len(content) <= _AT_ONCE_BYTES:
            reference, stored = self._formed(tenant_id, content)
        else:
            reference, stored = await asyncio.to_thread(self._formed, tenant_id, content)
        place = BlobPlace.of(tenant_id, reference)
        if len(stored) > SMALL_BYTES_MAX or not await self._is_taken(place, stored):
            await asyncio.to_thread(self._files.put, place, stored)
        return reference

    async def get(self, tenant_id: str, reference: BlobReference) -> bytes:
        """See BlobStore."""
        return await asyncio.to_thread(self._get, tenant_id, reference)

    async def exists(self, tenant_id: str, reference: BlobReference) -> bool:
        """See BlobStore."""
        return await asyncio.to_thread(self._exists, BlobPlace.of(tenant_id, reference))

    async def delete(self, tenant_id: str, reference: BlobReference) -> None:
        """See BlobStore. Raises StorageFull when the disk has no room to note it."""
        place = BlobPlace.of(tenant_id, reference)
        await asyncio.to_thread(self._files.delete, place)
        await self._small.delete(place)

    def path_of(self, tenant_id: str, reference: BlobReference) -> Path:
        """The file that holds the blob, unless the table does."""
        return self._files.path_of(BlobPlace.of(tenant_id, reference))

    def _formed(self, tenant_id: str, content: bytes) -> tuple[BlobReference, bytes]:
        return BlobReference(self._address_of(tenant_id, content)), stored_form(content)

    async def _is_taken(self, place: BlobPlace, stored: bytes) -> bool:
        try:
            await self._small.put(place, stored)
        except (FailedPrecondition, StorageFull, Unavailable):
            return False
        return True

    def _get(self, tenant_id: str, reference: BlobReference) -> bytes:
        place = BlobPlace.of(tenant_id, reference)
        failure: BursarError | None = None
        for read in (self._small.read, self._files.read):
            try:
                stored = read(place)
                if stored is not None:
                    return content_of(stored, tenant_id, reference, self._address_of)
            except (BlobDamaged, Unavailable) as error:
                failure = failure or error
        raise failure or not_found(reference)

    def _exists(self, place: BlobPlace) -> bool:
        if self._files.has(place):
            return True
        try:
            return self._small.read(place) is not None
        except BlobDamaged:
            return True
