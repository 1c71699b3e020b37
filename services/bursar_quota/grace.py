"""Grace after an outage: holders get time to settle before their leases run out.

No lease that began before an outage's end expires within max(30 s, length of the outage) after it.
An outage is whatever kept holders from being heard: another leader or none, a process that stood
still, a log that did not answer.
"""

from __future__ import annotations

from bursar_quota.domain.state import NS_PER_HOUR, NS_PER_S

GRACE_NS_MIN = 30 * NS_PER_S
GRACE_NS_MAX = 24 * NS_PER_HOUR  # no lease is longer
STANDSTILL_NS = 5 * NS_PER_S  # the writer asks every half second what is due


class Grace:
    """When the last outage ended and how long it was, from what the writer's task sees."""

    def __init__(self) -> None:
        self._epoch = 0
        self._asked_at_ns = 0
        self._failing_since_ns = 0
        self._failed_at_ns = 0
        self._outage_ended_at_ns = 0
        self._ends_at_ns = 0

    def spares_begun_by_ns(self, epoch: int, last_event_at_ns: int, now_ns: int) -> int:
        """Leases that began by then must not expire now; 0 outside any grace.

        Asked at every tick of the writer that leads.
        """
        if epoch != self._epoch:
            self._epoch = epoch
            self._over(last_event_at_ns or now_ns, now_ns)
        elif now_ns - self._asked_at_ns > STANDSTILL_NS:
            self._over(self._asked_at_ns, now_ns)
        self._asked_at_ns = now_ns
        if self._failing_since_ns:
            if now_ns - self._failed_at_ns < GRACE_NS_MIN:
                return now_ns
            self._over(self._failing_since_ns, self._failed_at_ns)  # nobody tries any more
            self._failing_since_ns = 0
        return self._outage_ended_at_ns if now_ns < self._ends_at_ns else 0

    @property
    def is_failing(self) -> bool:
        """Whether the log took nothing since it last refused a command."""
        return self._failing_since_ns > 0

    def failed(self, now_ns: int) -> None:
        """The log did not take a command."""
        self._failing_since_ns = self._failing_since_ns or now_ns
        self._failed_at_ns = now_ns

    def answered(self, now_ns: int) -> None:
        """The log took a command."""
        if self._failing_since_ns:
            self._over(self._failing_since_ns, now_ns)
            self._failing_since_ns = 0

    def _over(self, began_at_ns: int, now_ns: int) -> None:
        length_ns = min(max(now_ns - began_at_ns, GRACE_NS_MIN), GRACE_NS_MAX)
        self._outage_ended_at_ns = now_ns
        self._ends_at_ns = max(self._ends_at_ns, now_ns + length_ns)
