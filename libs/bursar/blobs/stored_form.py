"""How content is stored: one byte that says how, then the content, compressed where that helps."""

from __future__ import annotations

import hmac
import threading

import zstandard

from bursar.blobs.reference import AddressOf, BlobReference
from bursar.blobs.store import MAX_BLOB_BYTES
from bursar.errors import BlobDamaged

# Below, a page of the table is written whatever it holds.
COMPRESSED_ABOVE_BYTES = 4096
MAX_STORED_BYTES = MAX_BLOB_BYTES + 1

_PLAIN = b"\x00"
_ZSTD = b"\x01"
_LEVEL = 3


class _Compressor(threading.local):
    """One a thread: to make one takes longer than to compress a small blob."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_LEVEL).compress


_COMPRESSOR = _Compressor()


def stored_form(content: bytes) -> bytes:
    """`content` as it is kept; never empty, never more than a byte longer."""
    if len(content) > COMPRESSED_ABOVE_BYTES:
        compressed = _COMPRESSOR.compress(content)
        if len(compressed) < len(content):
            return _ZSTD + compressed
    return _PLAIN + content


def content_of(
    stored: bytes, tenant_id: str, reference: BlobReference, address_of: AddressOf
) -> bytes:
    """The content that was put. Raises BlobDamaged when `stored` is not it."""
    content = _unpacked(stored)
    if content is None or not hmac.compare_digest(
        address_of(tenant_id, content), reference.address
    ):
        raise damaged(reference)
    return content


def damaged(reference: BlobReference) -> BlobDamaged:
    """What to raise when what is stored is not what was put."""
    return BlobDamaged(
        f"{reference} is damaged; put its content again or restore it from a backup",
        facts={"reference": str(reference)},
    )


def _unpacked(stored: bytes) -> bytes | None:
    kind, body = stored[:1], stored[1:]
    if kind == _PLAIN:
        return body
    if kind != _ZSTD:
        return None
    try:
        # The size it claims is allocated before a byte is read, so it is not believed unseen.
        if zstandard.frame_content_size(body) > MAX_BLOB_BYTES:
            return None
        return zstandard.ZstdDecompressor().decompress(body, max_output_size=MAX_BLOB_BYTES)
    except zstandard.ZstdError:
        return None
