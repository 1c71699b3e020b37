"""What the rules need besides the state and the order."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import Struct

from bursar_quota.domain.state import NS_PER_HOUR
from bursar_quota.domain.windows import Calendar


@dataclass(frozen=True, slots=True)
class Terms:
    """An operation is remembered for at least `horizon_ns` from its first sight. A hold that was
    charged can be settled within `late_settle_ns`.
    """

    calendar: Calendar
    horizon_ns: int = 24 * NS_PER_HOUR
    late_settle_ns: int = 7 * 24 * NS_PER_HOUR


class Now(Struct, frozen=True, gc=False):
    """The writer's clock, and the terms the rules work under."""

    ns: int
    terms: Terms
