"""Content by its address: prompts, files and answers, which never stand in the log."""

from bursar.blobs.directory import DirectoryBlobStore
from bursar.blobs.memory import MemoryBlobStore
from bursar.blobs.reference import AddressOf, BlobReference
from bursar.blobs.store import MAX_BLOB_BYTES, BlobStore

__all__ = [
    "MAX_BLOB_BYTES",
    "AddressOf",
    "BlobReference",
    "BlobStore",
    "DirectoryBlobStore",
    "MemoryBlobStore",
]
