"""What a call is held for and how it is settled: rules without a network or a clock."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from bursar.dialects.caching import CachePolicy
from bursar.dialects.dialect import RequestFacts
from bursar.errors import InvalidRequest
from bursar.prices.usage import Usage

ID_BYTES_MAX = 128
# So many that no cost of them overflows, at any price; far above what any model can say.
OUTPUT_TOKENS_MAX = 100_000_000
NOTHING_USED = Usage()
_REFUSED_CONTENT = frozenset({400, 413, 422})
# Some providers, and other edges, refuse who has spent too much in the same way as bad content.
_OF_MONEY = (b"credit", b"billing", b"quota", b"budget", b"(limit ")


class Outcome(IntEnum):
    """How a call ended: the contract's OUTCOME_…, by its number."""

    COMPLETED = 1
    FAILED = 2
    CUT = 3
    UNKNOWN = 4


class Source(IntEnum):
    """Whose word the usage is: the contract's USAGE_SOURCE_…, by its number."""

    PROVIDER = 1
    COUNTED = 2
    HOLD = 4


class Ending(NamedTuple):
    """How a call is settled. `usage` None stands for the whole hold.

    `counting` is asked where the usage has to be counted first, which takes time.
    """

    outcome: Outcome
    source: Source
    usage: Usage | None
    provider_request_id: str = ""
    answered_by_model: str = ""
    counting: Callable[[], tuple[Usage, bool]] | None = None


def failed(provider_request_id: str = "") -> Ending:
    """The provider refused, or was not reached: nothing was used."""
    return Ending(Outcome.FAILED, Source.PROVIDER, NOTHING_USED, provider_request_id)


def unknown(provider_request_id: str = "") -> Ending:
    """It was sent, and nobody knows what became of it: the whole hold is taken."""
    return Ending(Outcome.UNKNOWN, Source.HOLD, None, provider_request_id)


def output_bound_tokens(facts: RequestFacts, default_tokens: int) -> int:
    """The most that all answers together may bring, once the default is in the request.

    Raises InvalidRequest for more than any hold can be made for.
    """
    one = default_tokens if facts.max_output_tokens is None else facts.max_output_tokens
    bound = one * facts.answers
    if bound > OUTPUT_TOKENS_MAX:
        remedy = f"ask for at most {OUTPUT_TOKENS_MAX} tokens in all answers together"
        raise InvalidRequest.of("max_tokens", bound, remedy)
    return bound


def is_looked_up(facts: RequestFacts, policy: CachePolicy) -> bool:
    """Whether an answer to such a request could have been kept at all."""
    return (facts.temperature == 0 or policy.are_sampled_allowed) and facts.answers == 1


def is_refused_for_all(status: int, content: bytes) -> bool:
    """Whether the provider refused what was asked, whoever asks: not a key, a rate, a budget or a
    moment. In doubt it did not: that costs another refusal.
    """
    told = content.lower()
    return status in _REFUSED_CONTENT and not any(word in told for word in _OF_MONEY)


def as_id(text: str) -> str:
    """What a provider calls something, where the ledger can take it; else nothing: a settle is not
    lost over a name.
    """
    text = text.strip()
    return text if text.isprintable() and len(text.encode()) <= ID_BYTES_MAX else ""


def final_words(last_piece: bytes, event: bytes) -> bytes:
    """`event` so that it is understood after whatever a broken stream ended with.

    After a begun event a named one takes its name over: its reader then sees an error, not half a
    JSON. One without a name can only stand apart.
    """
    if not last_piece or last_piece.endswith(b"\n\n"):
        return event
    if event.startswith(b"event:"):
        return event if last_piece.endswith(b"\n") else b"\n" + event
    return b"\n\n" + event
