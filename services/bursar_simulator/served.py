"""What was served, so that a ledger can be held against it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

from bursar.dialects.body import Json, JsonObject
from bursar.prices.usage import Usage


class Outcome(Enum):
    """How a call ended."""

    COMPLETE = "complete"
    REFUSED = "refused"
    HUNG_UP = "hung_up"
    """The client left before the end."""
    CUT = "cut"
    """We broke off, as told."""
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class ServedCall:
    """One call. `usage` is what the provider bills: of a stream that did not end, the input and the
    output that was sent; of a plain answer, all of it, for it was made.
    """

    request_id: str
    answer_id: str
    wire_format: str
    model: str
    status: int
    is_streaming: bool
    outcome: Outcome
    sent_bytes: int
    usage: Usage


class Served:
    """Totals of all calls and the rows of the last ones. Refused calls bill nothing."""

    def __init__(self, calls_kept_max: int) -> None:
        self.calls: deque[ServedCall] = deque(maxlen=calls_kept_max)
        self._totals: dict[tuple[str, str], dict[str, int]] = {}

    def add(self, call: ServedCall) -> None:
        self.calls.append(call)
        key = call.wire_format, call.model
        totals = self._totals.get(key)
        if totals is None:
            totals = self._totals[key] = dict.fromkeys(_COUNTERS, 0)
        totals["calls"] += 1
        for name, tokens in tokens_of(call.usage).items():
            totals[name] += tokens
        totals[f"{call.outcome.value}_calls"] += 1

    def clear(self) -> None:
        self.calls.clear()
        self._totals.clear()

    def totals(self) -> list[JsonObject]:
        """A row for each wire format and model, and the sum as `all`."""
        rows: list[JsonObject] = [
            {"format": wire_format, "model": model, **counters}
            for (wire_format, model), counters in sorted(self._totals.items())
        ]
        sums = {name: sum(row[name] for row in self._totals.values()) for name in _COUNTERS}
        return [*rows, {"format": "all", "model": "all", **sums}]

    def rows(self) -> list[Json]:
        """The last calls, oldest first."""
        return [
            {
                "request_id": call.request_id,
                "answer_id": call.answer_id,
                "format": call.wire_format,
                "model": call.model,
                "status": call.status,
                "is_streaming": call.is_streaming,
                "outcome": call.outcome.value,
                "sent_bytes": call.sent_bytes,
                "usage": dict[str, Json](tokens_of(call.usage)),
            }
            for call in self.calls
        ]


def tokens_of(usage: Usage) -> dict[str, int]:
    """The counts by name, as `bursar.ledger.v1.TokenUsage` names them."""
    return {
        "input_tokens": usage.input_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "cache_write_1h_tokens": usage.cache_write_1h_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }


_COUNTERS = ("calls", *tokens_of(Usage()), *(f"{outcome.value}_calls" for outcome in Outcome))
