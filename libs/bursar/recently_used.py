"""A dictionary that keeps what was used last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class RecentlyUsed(Generic[Key, Value]):
    """At most `entries_max` entries; the one unused for longest makes room. Safe in threads."""

    def __init__(self, entries_max: int) -> None:
        self._entries: OrderedDict[Key, Value] = OrderedDict()
        self._entries_max = entries_max

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """The entry, which thereby was used last."""
        found = self._entries.get(key)
        if found is not None:
            try:  # noqa: SIM105 - contextlib.suppress would double the cost of a hit
                self._entries.move_to_end(key)
            except KeyError:
                pass  # evicted by another thread since
        return found

    def put(self, key: Key, value: Value) -> Value:
        """Keeps and returns `value`."""
        self._entries[key] = value
        while len(self._entries) > self._entries_max:
            try:
                self._entries.popitem(last=False)
            except KeyError:
                break
        return value
