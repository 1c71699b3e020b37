"""Sums over facts, one after the other: what an audit adds up as it prints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bursar_efficiency.domain.facts import Fact, Saved, Tokens, What


@dataclass(slots=True)
class Totals:
    """Sums over facts; `estimates` counts those whose tokens are."""

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
    estimates: int = 0
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
        self.estimates += fact.estimates
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


def totals_of(facts: Iterable[Fact]) -> Totals:
    """The sum of all."""
    totals = Totals()
    for fact in facts:
        totals.add(fact)
    return totals
