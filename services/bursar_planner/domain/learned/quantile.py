"""A quantile of a stream by five numbers: the P2 algorithm (Jain and Chlamtac 1985)."""

from __future__ import annotations

from bisect import insort

from msgspec import Struct, field

MARKERS = 5


class Quantile(Struct):
    """`heights[2]` estimates the quantile; `places` are how many values lie below each marker."""

    share: float
    heights: list[float] = field(default_factory=list)
    places: list[int] = field(default_factory=lambda: [0, 1, 2, 3, 4])
    seen: int = 0

    @property
    def value(self) -> float | None:
        """None before five values."""
        return self.heights[2] if self.seen >= MARKERS else None

    def add(self, value: float) -> None:
        self.seen += 1
        if self.seen <= MARKERS:
            insort(self.heights, value)
            return
        first_above = self._place(value)
        for marker in range(first_above, MARKERS):
            self.places[marker] += 1
        for marker in (1, 2, 3):
            self._move(marker)

    def _place(self, value: float) -> int:
        """The first marker that lies above the value, the ends stretched to hold it."""
        heights = self.heights
        if value < heights[0]:
            heights[0] = value
            return 1
        if value >= heights[4]:
            heights[4] = value
            return 4
        return next(marker for marker in (1, 2, 3, 4) if value < heights[marker])

    def _move(self, marker: int) -> None:
        places = self.places
        wanted = (self.seen - 1) * (0.0, self.share / 2, self.share, (1 + self.share) / 2)[marker]
        off = wanted - places[marker]
        if off >= 1 and places[marker + 1] - places[marker] > 1:
            self._step(marker, 1)
        elif off <= -1 and places[marker - 1] - places[marker] < -1:
            self._step(marker, -1)

    def _step(self, marker: int, step: int) -> None:
        """Along a parabola through the neighbours where that keeps their order, else a line."""
        heights, places = self.heights, self.places
        below, here, above = places[marker - 1 : marker + 2]
        lower, height, higher = heights[marker - 1 : marker + 2]
        moved = height + step / (above - below) * (
            (here - below + step) * (higher - height) / (above - here)
            + (above - here - step) * (height - lower) / (here - below)
        )
        if not lower < moved < higher:
            neighbour = marker + step
            moved = height + step * (heights[neighbour] - height) / (places[neighbour] - here)
        heights[marker] = moved
        places[marker] += step
