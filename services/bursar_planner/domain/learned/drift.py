"""Notices that an arm is not what it was: Page's test on its surprises (Page 1954, both sides)."""

from __future__ import annotations

from msgspec import Struct

SLACK = 0.1  # a change of quality smaller than twice this is left to the counts
ALARM = 8.0  # outcomes' worth of surprise


class Surprise(Struct):
    """Sums of what was better and what was worse than expected, each at least 0."""

    worse: float = 0.0
    better: float = 0.0

    def learn(self, error: float) -> bool:
        """Takes quality seen less quality expected; True when that is a change, and starts anew."""
        self.worse = max(0.0, self.worse - error - SLACK)
        self.better = max(0.0, self.better + error - SLACK)
        if max(self.worse, self.better) < ALARM:
            return False
        self.worse = self.better = 0.0
        return True
