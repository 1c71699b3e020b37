"""What events add up to: one fact an event, totals over any of them, groups by any dimension.

Each saving is counted from one kind of event alone: that of a cached answer from `cache.hit`, all
others from the settlement of the call they were made on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

NS_PER_DAY = 86_400 * 1_000_000_000


class What(Enum):
    """What kind of thing happened."""

    CALL = "call"  # reached a model or provider
    FREE_WORK = "free work"  # a local tool did it
    HIT = "hit"
    MISS = "miss"
    DENIED = "denied"
    UNKNOWN = "unknown"  # charged at its full hold because nobody knows
    TASK_COMPLETED = "task completed"
    TASK_FAILED = "task failed"


@dataclass(frozen=True, slots=True)
class Who:
    """The dimensions a fact can be grouped by. Persons are pseudonyms."""

    tenant_id: str = ""
    team_id: str = ""
    user_id: str = ""
    key_id: str = ""
    task_id: str = ""
    agent_id: str = ""
    provider: str = ""
    model: str = ""
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """As the provider counted them; input includes cached and written."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """What one cause saved. `cause` is its number in bursar.ledger.v1.SavingCause."""

    cause: int
    input_tokens: int
    output_tokens: int
    cost_nano_usd: int
    is_cost_known: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """One event, as far as totals need it."""

    what: What
    at_ns: int
    who: Who
    tokens: Tokens = field(default_factory=Tokens)
    calls: int = 0
    cost_nano_usd: int = 0
    is_cost_known: bool = True
    overrun_nano_usd: int = 0
    savings: tuple[Saved, ...] = ()
    # How many more calls nobody knows the end of; -1 takes one back.
    unknown_calls: int = 0
    # The reservation this charges at its expiry, and the one whose charge this settles late.
    charges: str = ""
    replaces_charge_of: str = ""


@dataclass(slots=True)
class Charges:
    """Expired holds that were charged and not settled since, by reservation."""

    standing: dict[str, Fact] = field(default_factory=dict)

    def counted(self, fact: Fact) -> tuple[Fact, ...]:
        """What `fact` adds: a call charged at its expiry and settled later counts once, as
        settled.
        """
        if fact.charges:
            self.standing[fact.charges] = fact
        charge = self.standing.pop(fact.replaces_charge_of, None)
        return (fact,) if charge is None else (fact, _taken_back(charge, fact.at_ns))


def _taken_back(charge: Fact, at_ns: int) -> Fact:
    tokens = charge.tokens
    return replace(
        charge,
        what=What.CALL,
        at_ns=at_ns,
        tokens=Tokens(-tokens.input_tokens, output_tokens=-tokens.output_tokens),
        calls=-charge.calls,
        cost_nano_usd=-charge.cost_nano_usd,
        unknown_calls=-1,
        charges="",
    )


@dataclass(slots=True)
class Totals:
    """Sums over facts."""

    calls_made: int = 0
    calls_avoided: int = 0
    calls_denied: int = 0
    calls_unknown: int = 0
    calls_without_price: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    is_estimate: bool = False
    cost_nano_usd: int = 0
    overrun_nano_usd: int = 0
    cache_hits: int = 0
    cache_misses: int = 0
    tasks_completed: int = 0
    tasks_failed: int = 0
    saved_by_cause: dict[int, Saved] = field(default_factory=dict)

    def add(self, fact: Fact) -> None:
        """Counts one more fact."""
        self.calls_made += fact.calls
        self._add_tokens(fact.tokens)
        self.cost_nano_usd += fact.cost_nano_usd
        self.overrun_nano_usd += fact.overrun_nano_usd
        self.calls_without_price += fact.calls if not fact.is_cost_known else 0
        self.calls_denied += fact.what is What.DENIED
        self.calls_unknown += (fact.what is What.UNKNOWN) + fact.unknown_calls
        self.cache_hits += fact.what is What.HIT
        self.cache_misses += fact.what is What.MISS
        self.calls_avoided += fact.what in (What.HIT, What.FREE_WORK)
        self.tasks_completed += fact.what is What.TASK_COMPLETED
        self.tasks_failed += fact.what is What.TASK_FAILED
        for saved in fact.savings:
            self._add_saved(saved)

    def _add_tokens(self, tokens: Tokens) -> None:
        self.input_tokens += tokens.input_tokens
        self.cached_input_tokens += tokens.cached_input_tokens
        self.cache_write_tokens += tokens.cache_write_tokens
        self.cache_write_1h_tokens += tokens.cache_write_1h_tokens
        self.output_tokens += tokens.output_tokens
        self.reasoning_tokens += tokens.reasoning_tokens
        self.is_estimate |= tokens.is_estimate

    def _add_saved(self, saved: Saved) -> None:
        before = self.saved_by_cause.get(saved.cause, Saved(saved.cause, 0, 0, 0, True))
        self.saved_by_cause[saved.cause] = Saved(
            saved.cause,
            before.input_tokens + saved.input_tokens,
            before.output_tokens + saved.output_tokens,
            before.cost_nano_usd + saved.cost_nano_usd,
            before.is_cost_known and saved.is_cost_known,
        )

    @property
    def tokens_saved(self) -> int:
        return sum(
            saved.input_tokens + saved.output_tokens for saved in self.saved_by_cause.values()
        )

    @property
    def cost_saved_nano_usd(self) -> int:
        return sum(saved.cost_nano_usd for saved in self.saved_by_cause.values())

    @property
    def efficiency_rate(self) -> float:
        """saved / (used + saved) in tokens; 0 when there were none."""
        whole = self.input_tokens + self.output_tokens + self.tokens_saved
        return self.tokens_saved / whole if whole else 0.0


Key = Callable[[Fact], str]


def totals_of(facts: Iterable[Fact]) -> Totals:
    """The sum of all."""
    totals = Totals()
    for fact in facts:
        totals.add(fact)
    return totals


def grouped(facts: Iterable[Fact], keys: Sequence[Key]) -> dict[tuple[str, ...], Totals]:
    """Totals by the values of `keys`; together they are the sum of all."""
    groups: dict[tuple[str, ...], Totals] = {}
    for fact in facts:
        key = tuple(value(fact) for value in keys)
        totals = groups.get(key)
        if totals is None:
            totals = groups[key] = Totals()
        totals.add(fact)
    return groups


def saved_by_provider_cache(
    tokens: Tokens, input_price: int, cached_price: int, write_prices: tuple[int, int]
) -> int:
    """Pico-USD that the provider's prompt cache saved: reads below the input price, less the
    premium of writes. Negative when writes cost more than reads saved. Prices in pico-USD a token.
    """
    read = tokens.cached_input_tokens * (input_price - cached_price)
    written = tokens.cache_write_tokens * (write_prices[0] - input_price)
    written_1h = tokens.cache_write_1h_tokens * (write_prices[1] - input_price)
    return read - written - written_1h


def day_of(at_ns: int) -> int:
    """Days since 1970 UTC."""
    return at_ns // NS_PER_DAY
