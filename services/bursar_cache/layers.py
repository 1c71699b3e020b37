"""Memory before disk: where an answer is found, kept and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import zstandard

from bursar.cache.v1 import cache_pb2 as contract
from bursar_cache.disk import DiskLayer, Told
from bursar_cache.disk_terms import DiskTerms
from bursar_cache.domain import EvictionReason, MissReason, Selection, is_expired
from bursar_cache.memory import Eviction, Kept, MemoryLayer, Place
from bursar_cache.open_bodies import OpenBodies
from bursar_cache.packing import Codec, EntryDamaged, parts_of, plain

MEMORY, DISK = contract.LAYER_MEMORY, contract.LAYER_DISK
# What a body holds besides the entry it was given: the key, times, and the entry's fields again.
ADDED_BYTES_MAX = 64 * 1024
# So much of the memory is for bodies that were unpacked to be given: to unpack 4 KB takes longer
# than all the rest of a hit.
OPEN_PART = 4

Evicted = Callable[[Eviction, contract.Layer.ValueType], None]
"""Told of each entry that left a layer unasked."""


class Answer(NamedTuple):
    """An entry that is given, what is told of giving it, and the layer that had it."""

    response: contract.LookupResponse
    hit: bytes
    layer: contract.Layer.ValueType


class Bounds(NamedTuple):
    """How much the memory holds, and one entry at most."""

    memory_bytes_max: int
    entry_bytes_max: int


class Layers:
    """The layers of one replica. `disk` is None where memory is all there is."""

    def __init__(self, bounds: Bounds, disk: DiskTerms | None, evicted: Evicted) -> None:
        open_bytes_max = bounds.memory_bytes_max // OPEN_PART
        self._memory = MemoryLayer(bounds.memory_bytes_max - open_bytes_max)
        self._open = OpenBodies(open_bytes_max)
        self._body_bytes_max = bounds.entry_bytes_max + ADDED_BYTES_MAX
        self._decompressor = zstandard.ZstdDecompressor()
        self._evicted = evicted
        self.disk: DiskLayer | None = None
        if disk is not None:
            told = Told(lambda eviction: evicted(eviction, DISK), self._memory.pack)
            self.disk = DiskLayer(disk, told)

    def find(self, place: Place, now_ns: int) -> Answer | MissReason:
        """What is at `place` and has not expired. What the disk has, memory has from then on."""
        kept = self._memory.get(place)
        if kept is not None:
            if not is_expired(kept.expires_at_ns, now_ns):
                return _answer(self._plain(kept), MEMORY)
            self._memory.drop(place)
            self._evicted(Eviction(place, EvictionReason.EXPIRED), MEMORY)
            return MissReason.EXPIRED
        if self.disk is None:
            return MissReason.ABSENT
        return self._find_on_disk(self.disk, place, now_ns)

    def _find_on_disk(self, disk: DiskLayer, place: Place, now_ns: int) -> Answer | MissReason:
        try:
            found = disk.read(place)
            if found is None:
                return MissReason.ABSENT
            if is_expired(found.expires_at_ns, now_ns):
                return MissReason.EXPIRED  # it goes with the next transaction
            body = plain(found.codec, found.body, self._decompressor, self._body_bytes_max)
        except EntryDamaged:
            disk.forget_damaged(place)
            return MissReason.DAMAGED
        answer = _answer(body, DISK)
        entry = answer.response.entry
        times = (found.stored_at_ns, found.expires_at_ns)
        whose = (place, entry.target.model, tuple(entry.tags))
        self._put_in_memory(Kept(*whose, *times, found.codec, found.body))
        return answer

    def _plain(self, kept: Kept) -> bytes:
        """The body of an entry in memory."""
        if kept.codec == Codec.PLAIN:
            return kept.body
        body = self._open.get(kept)
        if body is None:
            body = plain(kept.codec, kept.body, self._decompressor, self._body_bytes_max)
            self._open.put(kept, body)
        return body

    async def keep(self, kept: Kept) -> bool:
        """True once the entry is where it outlives the process, or memory is all there is; False
        when the disk did not take it and memory alone has it.
        """
        self._put_in_memory(kept)
        if self.disk is None:
            return True
        return await self.disk.put(kept)

    def keep_behind(self, kept: Kept) -> bool:
        """True when memory has it and the disk will, unless the process is killed before; False
        when more waits for the disk than it can take, and memory alone has it.
        """
        self._put_in_memory(kept)
        return self.disk is None or self.disk.put_behind(kept)

    async def forget(self, selection: Selection) -> int:
        """How many entries were forgotten; none of them is found after this returns."""
        in_memory = self._memory.forget(selection)
        if self.disk is None:
            return in_memory
        on_disk = await self.disk.forget(selection)
        # A look-up may have read one from disk meanwhile, and put it in memory.
        self._memory.forget(selection)
        # Memory has what the disk has, but for what the disk did not take.
        return max(in_memory, on_disk)

    def forget_soon(self, selection: Selection) -> None:
        """Like `forget`, for what another replica forgot: nobody waits for it."""
        self._memory.forget(selection)
        if self.disk is not None:
            self.disk.forget_soon(selection, lambda: self._memory.forget(selection))

    async def count(self, tenant_id: str) -> tuple[int, int]:
        """Entries of a tenant and their bytes, compressed where they are; of all for an empty
        one.
        """
        if self.disk is not None:
            return await self.disk.count(tenant_id)
        return self._memory.count(tenant_id), self._memory.body_bytes(tenant_id)

    def _put_in_memory(self, kept: Kept) -> None:
        for evicted in self._memory.put(kept):
            self._evicted(Eviction(evicted.place, EvictionReason.SIZE), MEMORY)


def _answer(body: bytes, layer: contract.Layer.ValueType) -> Answer:
    response, hit = parts_of(body)
    found = contract.LookupResponse.FromString(response)
    found.layer = layer
    return Answer(found, hit, layer)
