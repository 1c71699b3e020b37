"""Tries of calls that took nothing, marked for processes that come later.

Quota tells of a try's hold only that it was settled. Without the mark, the same operation id would
be refused after a restart though nothing was ever paid for it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from bursar.blobs import AddressOf, BlobReference, BlobStore
from bursar.errors import BursarError

FORM = "bursar.generate.unpaid.v1"


@dataclass(frozen=True, slots=True)
class UnpaidTries:
    """A mark is a blob of known content: it is there or not."""

    blobs: BlobStore
    address_of: AddressOf

    async def mark(self, tenant_id: str, call_id: str, number: int) -> None:
        """Durable when this returns; without a store the id stays refused, which costs nothing."""
        with suppress(BursarError):
            await self.blobs.put(tenant_id, _content(call_id, number))

    async def is_marked(self, tenant_id: str, call_id: str, number: int) -> bool:
        """Whether that try took nothing for sure."""
        reference = BlobReference(self.address_of(tenant_id, _content(call_id, number)))
        return await self.blobs.exists(tenant_id, reference)


def _content(call_id: str, number: int) -> bytes:
    return f"{FORM}\n{call_id}\n{number}".encode()
