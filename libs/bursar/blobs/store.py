"""What every blob store promises."""

from __future__ import annotations

from typing import Protocol

from bursar.blobs.reference import BlobReference
from bursar.errors import InvalidRequest, NotFound

MAX_BLOB_BYTES = 64 * 1024 * 1024


class BlobStore(Protocol):
    """Content by its address, each tenant for itself: a reference of one finds nothing for another.

    The same content of the same tenant has one address and is kept once. Nothing is ever changed,
    so there is nothing to lock; whether a blob is still wanted is for its owner to know. All raise
    Unavailable when the store cannot be reached.
    """

    async def put(self, tenant_id: str, content: bytes) -> BlobReference:
        """The reference of `content`, which is durable when this returns. Mends a damaged one.

        Raises InvalidRequest above MAX_BLOB_BYTES, StorageFull, Overloaded.
        """
        ...

    async def get(self, tenant_id: str, reference: BlobReference) -> bytes:
        """The content, as it was put. Raises NotFound, BlobDamaged."""
        ...

    async def exists(self, tenant_id: str, reference: BlobReference) -> bool:
        """Whether `get` would find something; not whether that is undamaged."""
        ...

    async def delete(self, tenant_id: str, reference: BlobReference) -> None:
        """The content is gone when this returns; again does nothing."""
        ...


def check_size(content: bytes) -> None:
    """Raises InvalidRequest when `content` is too large for any store."""
    if len(content) > MAX_BLOB_BYTES:
        remedy = f"put at most {MAX_BLOB_BYTES} bytes at once"
        raise InvalidRequest.of("content", f"{len(content)} bytes", remedy)


def not_found(reference: BlobReference) -> NotFound:
    """What `get` raises when there is nothing."""
    return NotFound(f"there is no {reference} here", facts={"reference": str(reference)})
