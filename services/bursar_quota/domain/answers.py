"""What is answered once it is durable, and remembered with the operation's id.

`number` is that of the event behind the answer.
"""

from __future__ import annotations

from msgspec import Struct

from bursar_quota.domain.levels import Level
from bursar_quota.domain.meters import Amounts


class LimitStands(Struct, frozen=True, gc=False, array_like=True, tag=True):
    number: int
    level: Level


class Granted(Struct, frozen=True, gc=False, array_like=True, tag=True):
    number: int
    reservation_id: str
    held: Amounts
    lease_expires_at_ns: int
    is_near_limit: bool


class Refused(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A hard limit holds too little; fields as in the event `Denied`."""

    number: int
    level: Level
    requested: int
    reason: str
    retry_after_ns: int


class PutOff(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """A throttle is in the way for now. Nothing happened, and nothing is remembered."""

    number: int
    level: Level
    retry_after_ns: int


class Accounted(Struct, frozen=True, gc=False, array_like=True, tag=True):
    number: int
    settled: Amounts
    overrun: Amounts


class AccountedSoFar(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Of a call that goes on. Deferred: nothing was recorded, and this is where it stands."""

    number: int
    settled: Amounts
    overrun: Amounts
    lease_expires_at_ns: int
    is_deferred: bool


class Enlarged(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """`held` is all that was granted by now."""

    number: int
    held: Amounts
    is_near_limit: bool


class Prolonged(Struct, frozen=True, gc=False, array_like=True, tag=True):
    number: int
    lease_expires_at_ns: int


class Recorded(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """Where nothing is answered but that it happened."""

    number: int


Answer = (
    LimitStands
    | Granted
    | Refused
    | PutOff
    | Accounted
    | AccountedSoFar
    | Enlarged
    | Prolonged
    | Recorded
)
