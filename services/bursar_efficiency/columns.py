"""Facts as rows of numbers: what the store keeps of each, in the order of its columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from bursar_efficiency.domain.facts import Fact, What, Who

# What totals are sums of, by the names of `Totals`; `estimates` are calls whose tokens are.
MEASURES = (
    "calls_made",
    "calls_avoided",
    "calls_denied",
    "calls_unknown",
    "calls_without_price",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
    "estimates",
    "cost_nano_usd",
    "overrun_nano_usd",
    "cache_hits",
    "cache_misses",
    "tasks_completed",
    "tasks_failed",
)
# What savings by cause are sums of.
SAVED_MEASURES = ("input_tokens", "output_tokens", "cost_nano_usd", "unpriced")
# Who it was, in the order of `Who.group`.
WHO = (
    "tenant_id",
    "team_id",
    "user_id",
    "key_id",
    "agent_id",
    "provider",
    "model",
    "tier",
    "labels",
)

# at_ns, who, task_id, then the measures.
Row = tuple[int | str, ...]


@dataclass(slots=True)
class Batch:
    """Rows that no store has yet. Whoever takes it to the store begins another."""

    rows: list[Row] = field(default_factory=list)
    saved: list[Row] = field(default_factory=list)
    whos: list[tuple[int | str, ...]] = field(default_factory=list)
    # Thought levels of tasks, as planned: at_ns, task_id, level.
    levels: list[tuple[int, str, str]] = field(default_factory=list)
    # Where the log speaks of an id: its checksum, number of the stream, sequence of the frame.
    places: list[tuple[int, int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Whos:
    """A small number for each combination of dimensions. The numbers mean nothing elsewhere."""

    numbers: dict[tuple[str, ...], int] = field(default_factory=dict)

    def number(self, who: Who, batch: Batch) -> int:
        """Its number; the batch learns of a new one."""
        key = who.group
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.numbers)
            batch.whos.append((number, *key))
        return number


def add_fact(batch: Batch, fact: Fact, whos: Whos) -> None:
    """One more row, and one for each saving."""
    who = whos.number(fact.who, batch)
    what, tokens = fact.what, fact.tokens
    place = (fact.at_ns, who, fact.who.task_id)
    batch.rows.append(
        (
            *place,
            fact.calls,
            what is What.HIT or what is What.FREE_WORK,
            what is What.DENIED,
            (what is What.UNKNOWN) + fact.unknown_calls,
            0 if fact.is_cost_known else fact.calls,
            tokens.input_tokens,
            tokens.cached_input_tokens,
            tokens.cache_write_tokens,
            tokens.cache_write_1h_tokens,
            tokens.output_tokens,
            tokens.reasoning_tokens,
            fact.estimates,
            fact.cost_nano_usd,
            fact.overrun_nano_usd,
            what is What.HIT,
            what is What.MISS,
            what is What.TASK_COMPLETED,
            what is What.TASK_FAILED,
        )
    )
    for saved in fact.savings:
        amounts = (saved.input_tokens, saved.output_tokens, saved.cost_nano_usd)
        batch.saved.append((*place, saved.cause, *amounts, not saved.is_cost_known))
