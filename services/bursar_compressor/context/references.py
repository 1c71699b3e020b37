"""What stands for a version of a context: `ctx_` and the hash of its content under the tenant's
key. The same content is the same version, whoever adds it and whenever.
"""

from __future__ import annotations

from bursar.blobs import BlobReference
from bursar.errors import InvalidRequest

PREFIX = "ctx_"
SHOWN_DIGITS = 12  # in prompts, where a reference has only to tell a few texts apart


def reference_of(blob: BlobReference) -> str:
    """The reference of the context whose content is that blob."""
    return f"{PREFIX}{blob.address.hex()}"


def blob_of(reference: str, field: str) -> BlobReference:
    """Where the content of a context is kept. Raises InvalidRequest, naming `field`."""
    digits = reference.removeprefix(PREFIX)
    if not reference.startswith(PREFIX):
        digits = ""
    try:
        return BlobReference.parse(f"blob_{digits}")
    except InvalidRequest:
        remedy = f"use {PREFIX} and 64 lower-case hexadecimal digits, as AddContext gives them"
        raise InvalidRequest.of(field, reference, remedy) from None


def shown(reference: str) -> str:
    """As a prompt names it."""
    return reference[: len(PREFIX) + SHOWN_DIGITS]
