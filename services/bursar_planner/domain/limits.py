"""The limits that match a task, as far as they are known: what is near, and what is spent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from bursar_planner.domain import tables
from bursar_planner.domain.backends import Target
from bursar_planner.domain.numerals import amount_text, unit_text
from bursar_planner.domain.vocabulary import Meter

LIMITS_NAMED_MAX = 3
NS_PER_S = 1_000_000_000


class Knowledge(Enum):
    """How the levels were come by."""

    CURRENT = "current"
    LAST_KNOWN = "last known"  # quota did not answer now, but did before
    NONE = "none"  # quota did not answer, and never did for this caller


@dataclass(frozen=True, slots=True)
class LimitLevel:
    """One limit in its present window; amounts in the unit of `meter`."""

    limit_id: str
    meter: Meter
    amount: int
    settled: int = 0
    held: int = 0
    is_hard: bool = True

    @property
    def taken(self) -> int:
        return self.settled + self.held

    @property
    def available(self) -> int:
        return self.amount - self.taken

    @property
    def is_near(self) -> bool:
        """More than 80 % is settled or held; always, where nothing may be."""
        return self.amount <= 0 or self.taken * 100 > self.amount * tables.NEAR_PCT

    def words(self) -> str:
        """`daily has 850,000 of 1,000,000 tokens settled or held`."""
        return (
            f"{self.limit_id} has {amount_text(self.taken, self.meter)}"
            f" of {amount_text(self.amount, self.meter)}{unit_text(self.meter)} settled or held"
        )


@dataclass(frozen=True, slots=True)
class Need:
    """What one call takes of each meter. The cost is None where no price is known."""

    input_tokens: int
    output_tokens: int
    cost_nano_usd: int | None

    def of(self, meter: Meter) -> int:
        """At least 1, so that a limit with nothing left stops what cannot be priced."""
        match meter:
            case Meter.REQUESTS:
                return 1
            case Meter.INPUT_TOKENS:
                return max(1, self.input_tokens)
            case Meter.OUTPUT_TOKENS:
                return max(1, self.output_tokens)
            case Meter.TOTAL_TOKENS:
                return max(1, self.input_tokens + self.output_tokens)
            case Meter.COST_NANO_USD:
                return max(1, self.cost_nano_usd or 0)


@dataclass(frozen=True, slots=True)
class Limits:
    """Levels that match the task wherever it goes, and those that match a call to a target.

    `age_ns` is how old the levels are; 0 when they are current.
    """

    everywhere: tuple[LimitLevel, ...] = ()
    by_target: Mapping[Target, tuple[LimitLevel, ...]] = field(default_factory=dict)
    knowledge: Knowledge = Knowledge.CURRENT
    age_ns: int = 0

    def near(self, targets: Iterable[Target]) -> tuple[LimitLevel, ...]:
        """Each limit that is near for the task or for one of `targets`, the fullest first."""
        found = {level.limit_id: level for level in self.everywhere if level.is_near}
        for target in targets:
            found.update(
                (level.limit_id, level) for level in self.matching(target) if level.is_near
            )
        return tuple(sorted(found.values(), key=_by_fullness))

    def matching(self, target: Target) -> tuple[LimitLevel, ...]:
        """All that match a call to `target`."""
        return self.by_target.get(target, self.everywhere)

    def words(self) -> str:
        """What has to be said of levels that are not current; empty for those that are."""
        match self.knowledge:
            case Knowledge.CURRENT:
                return ""
            case Knowledge.LAST_KNOWN:
                age_s = self.age_ns // NS_PER_S
                return f"quota does not answer: planned with its levels of {age_s:,} s ago"
            case Knowledge.NONE:
                return "quota does not answer: planned as if no limit were near"


def stopping(levels: Iterable[LimitLevel], need: Need) -> LimitLevel | None:
    """The first hard limit that holds too little for `need`."""
    return next(
        (level for level in levels if level.is_hard and level.available < need.of(level.meter)),
        None,
    )


def near_words(near: tuple[LimitLevel, ...]) -> str:
    """The fullest limits in words, at most three of them."""
    named = "; ".join(level.words() for level in near[:LIMITS_NAMED_MAX])
    more = len(near) - LIMITS_NAMED_MAX
    return f"{named}; and {more} more" if more > 0 else named


def _by_fullness(level: LimitLevel) -> tuple[int, str]:
    """Thousandths that are free, so that the fullest comes first; the id settles ties."""
    if level.amount <= 0:
        return (-1_000_000, level.limit_id)
    return (1_000 - level.taken * 1_000 // level.amount, level.limit_id)
