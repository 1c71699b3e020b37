"""Why the edge answers with an error, before a dialect gives it its shape."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bursar.errors import BursarError, Kind, LimitExceeded, Throttled

NANOSECONDS_PER_SECOND = 1_000_000_000
# The official SDKs wait no longer than a minute for a `retry-after`, and come too early for others.
WORTH_WAITING_S_MAX = 60


class RefusalKind(Enum):
    """What the caller is told; each dialect has one status and one error type for each."""

    INVALID = "invalid"
    BUDGET_SPENT = "budget_spent"
    BAD_KEY = "bad_key"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    LATE = "late"
    INTERNAL = "internal"

    @property
    def is_worth_retrying(self) -> bool:
        """Whether the same request may succeed later without anybody changing anything."""
        return self in _WORTH_RETRYING


_WORTH_RETRYING = frozenset(
    {
        RefusalKind.RATE_LIMITED,
        RefusalKind.OVERLOADED,
        RefusalKind.UNAVAILABLE,
        RefusalKind.LATE,
        RefusalKind.INTERNAL,
    }
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A complete HTTP answer that says no."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def retry_headers(kind: RefusalKind, retry_after_s: int | None) -> tuple[tuple[str, str], ...]:
    """`retry-after` where waiting helps, `x-should-retry: false` where it does not.

    Both official SDKs and Claude Code obey the second, on any status. Coding CLIs that do not still
    stop at a 400, while they send a 429 up to 16 times and some a 402 up to 6.
    """
    if not kind.is_worth_retrying:
        return (("x-should-retry", "false"),)
    if kind is RefusalKind.RATE_LIMITED and retry_after_s is not None:
        return (("retry-after", str(retry_after_s)), ("x-should-retry", "true"))
    return () if retry_after_s is None else (("retry-after", str(retry_after_s)),)


def kind_of(error: BursarError) -> RefusalKind:
    """The refusal an error of ours becomes at the edge.

    A spent limit is told apart from a full queue: the first is final until a window ends. One that
    throttles, and has room within a minute, is worth a wait.
    """
    if isinstance(error, Throttled) and _is_soon(retry_after_s(error)):
        return RefusalKind.RATE_LIMITED
    if isinstance(error, LimitExceeded):
        return RefusalKind.BUDGET_SPENT
    return _KINDS[error.kind]


def retry_after_s(error: BursarError) -> int | None:
    """Whole seconds to wait, rounded up so that a caller never comes too early; None where the
    error names no time.
    """
    if error.retry_after_ns is None:
        return None
    return -(-error.retry_after_ns // NANOSECONDS_PER_SECOND)


def _is_soon(wait_s: int | None) -> bool:
    return wait_s is not None and wait_s <= WORTH_WAITING_S_MAX


_KINDS = {
    Kind.INVALID: RefusalKind.INVALID,
    Kind.MISSING: RefusalKind.NOT_FOUND,
    Kind.CONFLICT: RefusalKind.CONFLICT,
    Kind.EXHAUSTED: RefusalKind.OVERLOADED,
    Kind.UNAVAILABLE: RefusalKind.UNAVAILABLE,
    Kind.LATE: RefusalKind.LATE,
    Kind.UNKNOWN_CALLER: RefusalKind.BAD_KEY,
    Kind.FORBIDDEN: RefusalKind.FORBIDDEN,
    Kind.NOT_NOW: RefusalKind.INVALID,
    Kind.BROKEN_LOG: RefusalKind.UNAVAILABLE,
    Kind.UNIMPLEMENTED: RefusalKind.INVALID,
    Kind.INTERNAL: RefusalKind.INTERNAL,
}
