"""A blob store for tests and for what need not outlive the process."""

from __future__ import annotations

from bursar.blobs.reference import AddressOf, BlobReference
from bursar.blobs.store import check_size, not_found
from bursar.blobs.stored_form import content_of, stored_form
from bursar.errors import StorageFull

StoredBlobs = dict[tuple[str, bytes], bytes]


class MemoryBlobStore:
    """Blobs in `stored`, by tenant and address, up to `limit_bytes` together."""

    def __init__(
        self,
        address_of: AddressOf,
        stored: StoredBlobs | None = None,
        limit_bytes: int = 256 * 1024 * 1024,
    ) -> None:
        self._address_of = address_of
        self._stored: StoredBlobs = {} if stored is None else stored
        self._limit_bytes = limit_bytes
        self._held_bytes = sum(len(blob) for blob in self._stored.values())

    async def put(self, tenant_id: str, content: bytes) -> BlobReference:
        """See BlobStore."""
        check_size(content)
        reference = BlobReference(self._address_of(tenant_id, content))
        place = (tenant_id, reference.address)
        kept = stored_form(content)
        held_bytes = self._held_bytes + len(kept) - len(self._stored.get(place, b""))
        if held_bytes > self._limit_bytes:
            raise StorageFull(
                f"{self._limit_bytes} bytes are the limit of this blob store; delete some blobs",
                facts={"limit_bytes": self._limit_bytes},
            )
        self._stored[place], self._held_bytes = kept, held_bytes
        return reference

    async def get(self, tenant_id: str, reference: BlobReference) -> bytes:
        """See BlobStore."""
        stored = self._stored.get((tenant_id, reference.address))
        if stored is None:
            raise not_found(reference)
        return content_of(stored, tenant_id, reference, self._address_of)

    async def exists(self, tenant_id: str, reference: BlobReference) -> bool:
        """See BlobStore."""
        return (tenant_id, reference.address) in self._stored

    async def delete(self, tenant_id: str, reference: BlobReference) -> None:
        """See BlobStore."""
        self._held_bytes -= len(self._stored.pop((tenant_id, reference.address), b""))
