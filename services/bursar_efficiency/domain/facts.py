"""What an event adds to totals: one fact an event.

Each saving is counted from one kind of event alone: that of a cached answer from `cache.hit`, all
others from the settlement of the call they were made on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

# Control characters that texts of requests do not hold.
LABEL = "\x1f"
VALUE = "\x1e"


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


# Tuples, not dataclasses, here and below: they are made for every event, at a third of the price.
class Who(NamedTuple):
    """The dimensions a fact can be grouped by. Persons are pseudonyms."""

    tenant_id: str = ""
    team_id: str = ""
    user_id: str = ""
    key_id: str = ""
    agent_id: str = ""
    provider: str = ""
    model: str = ""
    tier: str = ""
    # As `packed_labels` gives them.
    labels: str = ""
    # Last: there are too many to keep what is grouped by apart by them.
    task_id: str = ""

    @property
    def group(self) -> tuple[str, ...]:
        """All but the task."""
        return self[:-1]


class Tokens(NamedTuple):
    """As the provider counted them; input includes cached and written."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    is_estimate: bool = False

    @property
    def uncached(self) -> bool:
        """Whether the provider's prompt cache was neither read nor written."""
        return not (
            self.cached_input_tokens or self.cache_write_tokens or self.cache_write_1h_tokens
        )


class Saved(NamedTuple):
    """What one cause saved. `cause` is its number in bursar.ledger.v1.SavingCause."""

    cause: int
    input_tokens: int
    output_tokens: int
    cost_nano_usd: int
    is_cost_known: bool


NO_TOKENS = Tokens()


class Fact(NamedTuple):
    """One event, as far as totals need it."""

    what: What
    at_ns: int
    who: Who
    tokens: Tokens = NO_TOKENS
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

    @property
    def estimates(self) -> int:
        """1 where tokens are estimated, -1 where such a charge is taken back."""
        if not self.tokens.is_estimate:
            return 0
        return -1 if self.unknown_calls < 0 else 1


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
    return charge._replace(
        what=What.CALL,
        at_ns=at_ns,
        tokens=Tokens(-tokens.input_tokens, output_tokens=-tokens.output_tokens, is_estimate=True),
        calls=-charge.calls,
        cost_nano_usd=-charge.cost_nano_usd,
        unknown_calls=-1,
        charges="",
    )


def packed_labels(labels: Mapping[str, str]) -> str:
    """All labels as one text: before each name stands `LABEL`, before each value `VALUE`."""
    pairs = sorted(labels.items())
    return "".join(f"{LABEL}{name}{VALUE}{value}" for name, value in pairs) + LABEL
