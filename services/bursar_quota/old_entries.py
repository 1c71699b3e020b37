"""What is remembered of operations long ago: sorted, checksummed files instead of memory.

A file holds one segment: what was kept under each id. It is made of the state, which is made of the
log: a file that is missing or damaged is made again by a replay. `BRSO`, version (1 byte), 3 zero
bytes, count (4); for each entry, sorted, the BLAKE2b-128 of its id (16) and where its bytes end
(4); a Bloom filter of these hashes; the bytes of all entries; SHA-256 of everything before it (32).
Numbers are big-endian.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import DecodeError
from msgspec.msgpack import Decoder, Encoder

from bursar.durable_files import make_private_directory, replace_file
from bursar_quota.domain.old import OldSegment
from bursar_quota.sliced_filters import SlicedFilters

Kept = TypeVar("Kept")

DIGEST_BYTES = 32
_MAGIC = b"BRSO\x01\x00\x00\x00"
_COUNT = struct.Struct(">I")
_ROW = struct.Struct(">16sI")
_INDEX_AT = len(_MAGIC) + _COUNT.size
_FILTER_BITS = 16  # for each entry; with four probes one of 400 absent ids is looked for in vain
_FILTER_BITS_MIN = 1024
_encoder = Encoder()


def packed(entries: Mapping[str, object]) -> bytes:
    """The file of a segment: equal for equal entries, in whatever order they came."""
    rows = sorted((hash_of(key), _encoder.encode(value)) for key, value in entries.items())
    index, end = bytearray(), 0
    for hashed, value in rows:
        end += len(value)
        index += _ROW.pack(hashed, end)
    found = _filter_of([hashed for hashed, _ in rows])
    body = b"".join((_MAGIC, _COUNT.pack(len(rows)), index, found, *(value for _, value in rows)))
    return body + sha256(body).digest()


def hash_of(key: str) -> bytes:
    """What an id is found by."""
    return blake2b(key.encode(), digest_size=16).digest()


def _filter_of(hashes: list[bytes]) -> bytearray:
    bits = _filter_bits(len(hashes))
    found, mask = bytearray(bits // 8), bits - 1
    for hashed in hashes:
        for probe in _probes(hashed, mask):
            found[probe >> 3] |= 1 << (probe & 7)
    return found


def _filter_bits(count: int) -> int:
    return max(_FILTER_BITS_MIN, 1 << (count * _FILTER_BITS - 1).bit_length())


def _probes(hashed: bytes, mask: int) -> tuple[int, int, int, int]:
    number = int.from_bytes(hashed, "big")
    return number & mask, number >> 32 & mask, number >> 64 & mask, number >> 96 & mask


class SegmentFile(Generic[Kept]):
    """One file, of which nothing is in memory. It stays open as long as it is kept."""

    __slots__ = ("_count", "_decoder", "_file", "_values_at", "digest")

    def __init__(self, path: Path, decoder: Decoder[Kept]) -> None:
        """Raises DecodeError for a file that is damaged, OSError for one that is not there."""
        content = path.read_bytes()
        body, self.digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
        if not body.startswith(_MAGIC) or sha256(body).digest() != self.digest:
            raise DecodeError(f"{path.name} is damaged")
        self._count: int
        (self._count,) = _COUNT.unpack_from(body, len(_MAGIC))
        self._decoder = decoder
        self._values_at = self._filter_at + _filter_bits(self._count) // 8
        self._file = path.open("rb", buffering=0)

    def filter_bits(self) -> bytes:
        """Its Bloom filter, read."""
        return self._read(self._filter_at, self._values_at - self._filter_at)

    def find(self, hashed: bytes) -> Kept | None:
        """What is kept under the id of this hash."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            found, end = self._row(middle)
            if found == hashed:
                begin = self._row(middle - 1)[1] if middle else 0
                kept: Kept = self._decoder.decode(self._read(self._values_at + begin, end - begin))
                return kept
            low, high = (middle + 1, high) if found < hashed else (low, middle)
        return None

    @property
    def _filter_at(self) -> int:
        return _INDEX_AT + self._count * _ROW.size

    def _row(self, place: int) -> tuple[bytes, int]:
        hashed, end = _ROW.unpack(self._read(_INDEX_AT + place * _ROW.size, _ROW.size))
        return hashed, end

    def _read(self, at: int, length: int) -> bytes:
        return os.pread(self._file.fileno(), length, at)


class OldEntries(Generic[Kept]):
    """The segments of one kind in a directory, by their number."""

    def __init__(self, directory: Path, kind: type[Kept]) -> None:
        self._directory = directory
        self._decoder = Decoder(kind)
        self.segments: dict[int, OldSegment[Kept]] = {}
        self._filters = SlicedFilters()  # of forgotten segments too, until the next one comes

    def find(self, key: str) -> Kept | None:
        """What is kept under an id."""
        if not self.segments:
            return None
        hashed = hash_of(key)
        for number in self._filters.may_have(hashed):
            segment = self.segments.get(number)
            found = None if segment is None else segment.find(hashed)
            if found is not None:
                return found
        return None

    def add(self, number: int, file: SegmentFile[Kept]) -> None:
        """Makes a file's entries be found; never while something tentative may be taken back."""
        self._filters.keep(self.segments)
        self._filters.add(number, file.filter_bits())
        self.segments[number] = file

    def clear(self) -> None:
        self.segments.clear()
        self._filters = SlicedFilters()

    def write(self, number: int, entries: Mapping[str, Kept]) -> SegmentFile[Kept]:
        """The file, durable, and opened; it is not among `segments` yet."""
        make_private_directory(self._directory)
        replace_file(self._path(number), packed(entries))
        return SegmentFile(self._path(number), self._decoder)

    def open(self, number: int, digest: bytes) -> None:
        """Raises DecodeError where the file is not the one of that digest."""
        path = self._path(number)
        try:
            segment = SegmentFile(path, self._decoder)
        except OSError as error:
            raise DecodeError(f"{path.name} is not there") from error
        if segment.digest != digest:
            raise DecodeError(f"{path.name} is another than the snapshot's")
        self.add(number, segment)

    def tidy(self) -> None:
        """Removes the files of segments that were forgotten; may run beside who forgets."""
        kept = {self._path(number) for number in list(self.segments)}
        for path in self._directory.glob("*.old"):
            if path not in kept:
                path.unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self._directory / f"{number:020d}.old"
