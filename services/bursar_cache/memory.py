"""The memory layer: entries ready to be given, bounded by bytes, the least recently used leave."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from bursar_cache.domain import DEPENDENCY_MARK, EvictionReason, Selection, Selector

# What an entry takes beside its bytes: objects, its place in the dictionary and in its groups; and
# what each of its tags takes, when no other entry has it. A test measures both with tracemalloc.
ENTRY_BYTES = 600
TAG_BYTES = 420

Place = tuple[str, bytes]
"""Tenant and exact key. No entry is found without its tenant."""
Group = tuple[str, Selector, str]


# A tuple, not a dataclass: one is made for every entry that is read from disk.
class Kept(NamedTuple):
    """An entry in the form it is given in: nobody holds another's message.

    body: see `packing`; a LookupResponse, and the event payload of a hit but for who asked and
    which layer answered, both as bytes.
    """

    place: Place
    model: str
    tags: tuple[str, ...]
    stored_at_ns: int
    expires_at_ns: int
    codec: int
    body: bytes

    @property
    def size_bytes(self) -> int:
        return len(self.body) + ENTRY_BYTES + TAG_BYTES * len(self.tags)

    def groups(self) -> Iterator[Group]:
        """What the entry can be forgotten by, besides its key."""
        tenant_id = self.place[0]
        yield (tenant_id, Selector.EVERYTHING, "")
        yield (tenant_id, Selector.MODEL, self.model)
        for tag in self.tags:
            yield (tenant_id, Selector.TAG, tag)

    def is_of(self, selection: Selection) -> bool:
        """Whether the selection would forget it."""
        if self.place[0] != selection.tenant_id or self.stored_at_ns > selection.stored_until_ns:
            return False
        name, tags = selection.name, self.tags
        match selection.selector:
            case Selector.KEY:
                is_of = self.place[1] == selection.exact_key
            case Selector.TAG:
                is_of = name in tags
            case Selector.DEPENDENCY:
                is_of = DEPENDENCY_MARK + name in tags
            case Selector.TAG_PREFIX:
                is_of = any(tag.startswith(name) for tag in tags)
            case Selector.MODEL:
                is_of = self.model == name
            case Selector.EVERYTHING:
                is_of = True
        return is_of


@dataclass(frozen=True, slots=True)
class Eviction:
    """An entry that left a layer unasked."""

    place: Place
    reason: EvictionReason


class MemoryLayer:
    """Every operation but forgetting a group takes constant time."""

    def __init__(self, bytes_max: int) -> None:
        self.used_bytes = 0
        self._bytes_max = bytes_max
        self._entries: OrderedDict[Place, Kept] = OrderedDict()
        self._groups: dict[Group, set[Place]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, place: Place) -> Kept | None:
        """The entry, expired or not, which thereby was used last."""
        kept = self._entries.get(place)
        if kept is not None:
            self._entries.move_to_end(place)
        return kept

    def put(self, kept: Kept) -> list[Kept]:
        """Keeps an entry in place of an older one; gives those that had to leave for it.

        One larger than the layer is not kept, and nothing leaves for it.
        """
        self.drop(kept.place)
        if kept.size_bytes > self._bytes_max:
            return []
        self._entries[kept.place] = kept
        self.used_bytes += kept.size_bytes
        for group in kept.groups():
            self._groups.setdefault(group, set()).add(kept.place)
        evicted: list[Kept] = []
        while self.used_bytes > self._bytes_max:
            _, oldest = self._entries.popitem(last=False)
            self._release(oldest)
            evicted.append(oldest)
        return evicted

    def pack(self, packed: Kept) -> None:
        """The same entry in fewer bytes takes the place of the one that is held, if it still is."""
        kept = self._entries.get(packed.place)
        if kept is None or kept[:5] != packed[:5]:
            return
        self._entries[packed.place] = packed
        self.used_bytes += packed.size_bytes - kept.size_bytes

    def drop(self, place: Place) -> Kept | None:
        """Forgets one entry, and gives it."""
        kept = self._entries.pop(place, None)
        if kept is not None:
            self._release(kept)
        return kept

    def forget(self, selection: Selection) -> int:
        """Forgets what is selected; gives how many entries that were."""
        until_ns = selection.stored_until_ns
        selected = [place for place in self._selected(selection) if self._is_until(place, until_ns)]
        for place in selected:
            self.drop(place)
        return len(selected)

    def count(self, tenant_id: str) -> int:
        """Entries of a tenant; of all for an empty one."""
        if not tenant_id:
            return len(self._entries)
        return len(self._groups.get((tenant_id, Selector.EVERYTHING, ""), ()))

    def body_bytes(self, tenant_id: str) -> int:
        """Bytes of the answers of a tenant; of all for an empty one."""
        return sum(
            len(kept.body)
            for place, kept in self._entries.items()
            if not tenant_id or place[0] == tenant_id
        )

    def _selected(self, selection: Selection) -> list[Place]:
        if selection.selector is Selector.KEY:
            place = (selection.tenant_id, selection.exact_key)
            return [place] if place in self._entries else []
        found: set[Place] = set()
        for group in self._groups_of(selection):
            found |= self._groups.get(group, set())
        return list(found)

    def _groups_of(self, selection: Selection) -> list[Group]:
        tenant_id, selector, name = selection.tenant_id, selection.selector, selection.name
        if selector is Selector.DEPENDENCY:
            return [(tenant_id, Selector.TAG, DEPENDENCY_MARK + name)]
        if selector is not Selector.TAG_PREFIX:
            return [(tenant_id, selector, name)]
        return [
            group
            for group in self._groups
            if group[:2] == (tenant_id, Selector.TAG) and group[2].startswith(name)
        ]

    def _is_until(self, place: Place, stored_until_ns: int) -> bool:
        return self._entries[place].stored_at_ns <= stored_until_ns

    def _release(self, kept: Kept) -> None:
        self.used_bytes -= kept.size_bytes
        for group in kept.groups():
            places = self._groups[group]
            places.discard(kept.place)
            if not places:
                del self._groups[group]
