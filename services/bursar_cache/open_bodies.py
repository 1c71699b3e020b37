"""Bodies of packed entries that were given last, as they were before they were packed."""

from __future__ import annotations

from collections import OrderedDict

from bursar_cache.memory import Kept, Place

OVERHEAD_BYTES = 300  # an entry's place and objects here


class OpenBodies:
    """Bounded by bytes; the least recently used leave."""

    def __init__(self, bytes_max: int) -> None:
        self.used_bytes = 0
        self._bytes_max = bytes_max
        self._bodies: OrderedDict[Place, tuple[bytes, bytes]] = OrderedDict()

    def get(self, kept: Kept) -> bytes | None:
        """The plain body of just this entry, not of one that was at its place before."""
        found = self._bodies.get(kept.place)
        if found is None or found[0] is not kept.body:
            return None
        self._bodies.move_to_end(kept.place)
        return found[1]

    def put(self, kept: Kept, plain: bytes) -> None:
        """Remembers it, unless it alone is larger than the bound."""
        before = self._bodies.pop(kept.place, None)
        if before is not None:
            self.used_bytes -= len(before[1]) + OVERHEAD_BYTES
        if len(plain) + OVERHEAD_BYTES > self._bytes_max:
            return
        self._bodies[kept.place] = (kept.body, plain)
        self.used_bytes += len(plain) + OVERHEAD_BYTES
        while self.used_bytes > self._bytes_max:
            _, (_, oldest) = self._bodies.popitem(last=False)
            self.used_bytes -= len(oldest) + OVERHEAD_BYTES
