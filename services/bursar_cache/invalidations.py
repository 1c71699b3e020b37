"""What was to be forgotten lately, so that answers begun before are not kept after."""

from __future__ import annotations

from collections import deque

from bursar_cache.domain import Selection
from bursar_cache.memory import Kept

REMEMBERED_MAX = 4_096


class Invalidations:
    """By their positions in the log, the newest of them; none up to `known_from` is known."""

    def __init__(self, known_from: int) -> None:
        self._newest: deque[tuple[int, Selection]] = deque(maxlen=REMEMBERED_MAX)
        self._known_from = known_from

    def add(self, position: int, selection: Selection) -> None:
        if len(self._newest) == REMEMBERED_MAX:
            self._known_from = self._newest[0][0]
        self._newest.append((position, selection))

    def has_one_since(self, position: int, kept: Kept) -> bool:
        """Whether such an entry was to be forgotten after `position`; True where that is not known
        any more.
        """
        if position < self._known_from:
            return True
        return any(at > position and kept.is_of(selection) for at, selection in self._newest)
