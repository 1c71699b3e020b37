"""The writer's clock: it never goes back, and it is not believed alone when it leaps ahead.

A leap would settle windows and expire holds that are not due, and nothing could take that back. So
a clock more than 60 s ahead of where it should be has to agree with the broker's.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bursar.errors import LogUnavailable

LEAP_NS_MAX = 60 * 1_000_000_000


class ClockLeapt(LogUnavailable):
    """This machine's clock is more than 60 s ahead of the broker's: nothing is decided by it.

    Facts: ahead_ns. Ends when the clocks agree again, or when an operator trusts this one.
    """

    reason = "CLOCK_LEAPT"


class WitnessedClock:
    """Nanoseconds since 1970 UTC from `clock`, clamped, once they are believed.

    `monotonic_ns` tells how far the clock should have moved since it was believed last.
    """

    def __init__(
        self, clock: Callable[[], int], monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self.last_ns = 0
        self._clock = clock
        self._monotonic_ns = monotonic_ns
        self._believed: tuple[int, int] | None = None  # the clock, the monotonic one

    def not_before(self, ns: int) -> None:
        """A frame of this time stands in the log: no later one may have an earlier time."""
        self.last_ns = max(self.last_ns, ns)

    def now_ns(self) -> int | None:
        """The time, and never less than before; None for a leap that needs a witness."""
        read_ns, elapsed_ns = self._clock(), self._monotonic_ns()
        if self._believed is None:
            return None
        believed_ns, then_ns = self._believed
        if read_ns - believed_ns - (elapsed_ns - then_ns) > LEAP_NS_MAX:
            return None
        return self._accept(read_ns, elapsed_ns)

    def witness(self, broker_ns: int) -> None:
        """Believes the clock, now that the broker's shows `broker_ns`.

        Raises ClockLeapt when it is more than 60 s ahead of that.
        """
        ahead_ns = self._clock() - broker_ns
        if ahead_ns > LEAP_NS_MAX:
            raise ClockLeapt(
                f"the clock is {ahead_ns // 10**9} s ahead of the broker's: set the one that is"
                " wrong, or record that this one is right",
                facts={"ahead_ns": ahead_ns},
            )
        self.trust()

    def trust(self) -> None:
        """An operator says that the clock is right, whatever the broker's shows."""
        self._accept(self._clock(), self._monotonic_ns())

    def _accept(self, read_ns: int, elapsed_ns: int) -> int:
        self._believed = (read_ns, elapsed_ns)
        self.last_ns = max(self.last_ns, read_ns)
        return self.last_ns
