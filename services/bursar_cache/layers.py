"""Memory before disk: where an answer is found, kept and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bursar.cache.v1 import cache_pb2 as contract
from bursar_cache.disk import DiskLayer
from bursar_cache.disk_form import EntryDamaged
from bursar_cache.domain import EvictionReason, MissReason, Selection, is_expired
from bursar_cache.memory import Eviction, Kept, MemoryLayer, Place
from bursar_cache.wire import kept_of

MEMORY, DISK = contract.LAYER_MEMORY, contract.LAYER_DISK

Evicted = Callable[[Eviction, contract.Layer.ValueType], None]
"""Told of each entry that left a layer unasked."""


class Found(NamedTuple):
    """An entry and the layer that had it."""

    kept: Kept
    response: contract.LookupResponse
    layer: contract.Layer.ValueType


class Layers:
    """The layers of one replica."""

    def __init__(self, memory: MemoryLayer, disk: DiskLayer | None, evicted: Evicted) -> None:
        self._memory = memory
        self._disk = disk
        self._evicted = evicted

    def find(self, place: Place, now_ns: int) -> Found | MissReason:
        """What is at `place` and has not expired. What the disk has, memory has from then on."""
        kept = self._memory.get(place)
        if kept is not None:
            if not is_expired(kept.expires_at_ns, now_ns):
                return Found(kept, contract.LookupResponse.FromString(kept.response), MEMORY)
            self._memory.drop(place)
            self._evicted(Eviction(place, EvictionReason.EXPIRED), MEMORY)
            return MissReason.EXPIRED
        if self._disk is None:
            return MissReason.ABSENT
        return self._find_on_disk(self._disk, place, now_ns)

    def _find_on_disk(self, disk: DiskLayer, place: Place, now_ns: int) -> Found | MissReason:
        try:
            content = disk.read(place)
        except EntryDamaged:
            return MissReason.DAMAGED
        if content is None:
            return MissReason.ABSENT
        if is_expired(content.expires_at_ns, now_ns):
            return MissReason.EXPIRED  # it goes with the next transaction
        response = contract.LookupResponse.FromString(content.response)
        entry = response.entry
        kept = Kept(place, entry.target.model, tuple(entry.tags), *content)
        self._put_in_memory(kept)
        response.layer = DISK
        return Found(kept, response, DISK)

    async def keep(self, place: Place, entry: contract.Entry) -> bool:
        """True once the entry is where it outlives the process, or memory is all there is; False
        when the disk did not take it and memory alone has it.
        """
        kept = kept_of(place, entry, MEMORY)
        self._put_in_memory(kept)
        if self._disk is None:
            return True
        return await self._disk.put(kept)

    async def forget(self, selection: Selection) -> int:
        """How many entries were forgotten; none of them is found after this returns."""
        in_memory = self._memory.forget(selection)
        if self._disk is None:
            return in_memory
        on_disk = await self._disk.forget(selection)
        # A look-up may have read one from disk meanwhile, and put it in memory.
        self._memory.forget(selection)
        # Memory has what the disk has, but for what the disk did not take.
        return max(in_memory, on_disk)

    def forget_soon(self, selection: Selection) -> None:
        """Like `forget`, for what another replica forgot: nobody waits for it."""
        self._memory.forget(selection)
        if self._disk is not None:
            self._disk.forget_soon(selection, lambda: self._memory.forget(selection))

    async def count(self, tenant_id: str) -> tuple[int, int]:
        """Entries of a tenant and their bytes, compressed where they are; of all for an empty
        one.
        """
        if self._disk is not None:
            return await self._disk.count(tenant_id)
        return self._memory.count(tenant_id), self._memory.response_bytes(tenant_id)

    def _put_in_memory(self, kept: Kept) -> None:
        for evicted in self._memory.put(kept):
            self._evicted(Eviction(evicted.place, EvictionReason.SIZE), MEMORY)
