"""Which answers may be kept, for how long, and what forgets them. Pure: the time is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from bursar.errors import InvalidRequest

NS_PER_HOUR = 3_600 * 1_000_000_000
DEFAULT_TTL_NS = 24 * NS_PER_HOUR
LONG_TTL_NS = 168 * NS_PER_HOUR
TTL_NS_MAX = 10 * 366 * 24 * NS_PER_HOUR
# The tag of entries that were stored before anybody asked.
WARMED_TAG = "warmed"
TAGS_MAX = 16
TAG_CHARS_MAX = 128
KEY_BYTES = 32
# Before the name, in a tag that stands for what an entry was made from.
DEPENDENCY_MARK = "depends on "
# What another replica's clock may be ahead of or behind ours. Forgetting too much costs a call,
# forgetting too little a wrong answer.
CLOCK_SKEW_NS = 60 * 1_000_000_000
EVER_NS = 2**63 - 1


class Strategy(Enum):
    """How much of a tenant's answers is kept, by the plan of the task."""

    AGGRESSIVE = "aggressive"  # everything, for a week
    STANDARD = "standard"  # everything, for a day
    SELECTIVE = "selective"  # what was dear
    MINIMAL = "minimal"  # what the caller tagged
    NONE = "none"  # nothing, and nothing is looked up


class Refusal(StrEnum):
    """Why an answer is not kept."""

    INCOMPLETE = "incomplete"
    STRATEGY = "strategy"
    TOO_LARGE = "too_large"
    DISK_FULL = "disk_full"
    MOMENTARY = "momentary"  # old as soon as it is given
    INVALIDATED = "invalidated"  # it was to be forgotten while it was made


class MissReason(StrEnum):
    """Why there is no answer."""

    ABSENT = "absent"
    EXPIRED = "expired"
    STRATEGY = "strategy"
    DAMAGED = "damaged"
    CLAIMED = "claimed"  # another makes it now


class EvictionReason(StrEnum):
    """Why an entry went that nobody asked to forget."""

    SIZE = "size"
    EXPIRED = "expired"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Policy:
    """What of an answer decides whether it is kept. An answer above either minimum is dear."""

    entry_bytes_max: int
    selective_cost_nano_usd_min: int
    selective_tokens_min: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What was made, as far as the rules look at it."""

    content_bytes: int
    is_complete: bool
    cost_nano_usd: int
    tokens: int
    tags: tuple[str, ...]


def refusal_of(answer: Answer, strategy: Strategy, policy: Policy) -> Refusal | None:
    """Why `answer` is not kept; None when it is."""
    if not answer.is_complete:
        return Refusal.INCOMPLETE
    if not _is_wanted(answer, strategy, policy):
        return Refusal.STRATEGY
    if answer.content_bytes > policy.entry_bytes_max:
        return Refusal.TOO_LARGE
    return None


def _is_wanted(answer: Answer, strategy: Strategy, policy: Policy) -> bool:
    match strategy:
        case Strategy.AGGRESSIVE | Strategy.STANDARD:
            return True
        case Strategy.SELECTIVE:
            return (
                answer.cost_nano_usd > policy.selective_cost_nano_usd_min
                or answer.tokens > policy.selective_tokens_min
            )
        case Strategy.MINIMAL:
            return bool(answer.tags)
        case Strategy.NONE:
            return False


def is_looked_up(strategy: Strategy) -> bool:
    """Whether an answer that is kept may be given under this strategy."""
    return strategy is not Strategy.NONE


def time_to_live_ns(asked_ns: int, strategy: Strategy, tags: tuple[str, ...]) -> int:
    """How long an entry may be given. 0 asks for the default: a week for aggressive and warmed
    ones, else a day.

    Raises InvalidRequest for a negative one and for one above ten years.
    """
    if not 0 <= asked_ns <= TTL_NS_MAX:
        remedy = f"give 0 for the default, or 1 to {TTL_NS_MAX} nanoseconds"
        raise InvalidRequest.of("ttl_ns", asked_ns, remedy)
    if asked_ns:
        return asked_ns
    is_long = strategy is Strategy.AGGRESSIVE or WARMED_TAG in tags
    return LONG_TTL_NS if is_long else DEFAULT_TTL_NS


def is_expired(expires_at_ns: int, now_ns: int) -> bool:
    """An entry is given before the instant it expires at, not in it."""
    return now_ns >= expires_at_ns


def check_tags(tags: tuple[str, ...]) -> None:
    """Raises InvalidRequest for too many, empty or overlong tags."""
    if len(tags) > TAGS_MAX:
        raise InvalidRequest.of("entry.tags", f"{len(tags)} tags", f"give at most {TAGS_MAX}")
    for tag in tags:
        if not 0 < len(tag) <= TAG_CHARS_MAX:
            raise InvalidRequest.of("entry.tags", tag, f"use 1 to {TAG_CHARS_MAX} characters")


class Selector(StrEnum):
    """What entries that are forgotten together have in common."""

    KEY = "key"
    TAG = "tag"
    TAG_PREFIX = "tag_prefix"
    DEPENDENCY = "dependency"
    MODEL = "model"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Selection:
    """Entries of one tenant. `exact_key` belongs to KEY, `name` to all others but EVERYTHING.

    Entries stored after `stored_until_ns` are not among them.
    """

    tenant_id: str
    selector: Selector
    name: str = ""
    exact_key: bytes = b""
    stored_until_ns: int = EVER_NS


def by_another_replica(selection: Selection, at_ns: int) -> Selection:
    """What an invalidation at `at_ns`, by another clock or before our start, selects here."""
    return Selection(
        selection.tenant_id,
        selection.selector,
        selection.name,
        selection.exact_key,
        min(at_ns + CLOCK_SKEW_NS, selection.stored_until_ns),
    )
