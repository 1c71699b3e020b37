"""Where a blob is kept on one machine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bursar.blobs.reference import BlobReference

_TENANT_BYTES = 16


@dataclass(frozen=True, slots=True)
class BlobPlace:
    """A tenant, by the hash of its name, and an address."""

    tenant: bytes
    address: bytes

    @classmethod
    def of(cls, tenant_id: str, reference: BlobReference) -> BlobPlace:
        """The place of that tenant's blob; of no other tenant's."""
        # Hashed, as a tenant may be named like a path, or like another one but for its case.
        tenant = hashlib.sha256(tenant_id.encode()).digest()[:_TENANT_BYTES]
        return cls(tenant, reference.address)
