"""What stands for a blob everywhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bursar.errors import InvalidRequest

ADDRESS_BYTES = 32

AddressOf = Callable[[str, bytes], bytes]
"""The address of content for a tenant: HMAC-SHA256 under the tenant's key, `Keyring.blob_address`.

A plain hash would do to find content again, but whoever reads the log could guess a short prompt
from it.
"""

_PREFIX = "blob_"


@dataclass(frozen=True, slots=True)
class BlobReference:
    """The address of one blob of one tenant; `blob_<hex>` as text. Tells nothing of its content."""

    address: bytes

    @classmethod
    def parse(cls, text: str) -> BlobReference:
        """The reference that `text` is. Raises InvalidRequest."""
        digits = text.removeprefix(_PREFIX)
        plain = text.startswith(_PREFIX) and len(digits) == 2 * ADDRESS_BYTES
        if not plain or not set(digits) <= set("0123456789abcdef"):
            remedy = f"use {_PREFIX} and {2 * ADDRESS_BYTES} lower-case hexadecimal digits"
            raise InvalidRequest.of("blob_reference", text, remedy)
        return cls(bytes.fromhex(digits))

    def __str__(self) -> str:
        return f"{_PREFIX}{self.address.hex()}"
