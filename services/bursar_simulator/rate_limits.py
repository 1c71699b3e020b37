"""Rate limits as providers tell them in headers. They are told, never enforced."""

from __future__ import annotations

from dataclasses import dataclass

WINDOW_NS = 60 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Room:
    """What is left of this minute."""

    requests_limit: int
    requests_left: int
    tokens_limit: int
    tokens_left: int
    resets_in_s: int
    resets_at_s: int


class RateLimits:
    """Counts requests and tokens of the running minute."""

    def __init__(self, requests_per_minute: int, tokens_per_minute: int) -> None:
        self._requests_limit = requests_per_minute
        self._tokens_limit = tokens_per_minute
        self._window = -1
        self._requests = 0
        self._tokens = 0

    def take(self, tokens: int, now_ns: int) -> Room:
        """Counts one request and says what is left after it."""
        window, elapsed_ns = divmod(now_ns, WINDOW_NS)
        if window != self._window:
            self._window, self._requests, self._tokens = window, 0, 0
        self._requests += 1
        self._tokens += tokens
        return Room(
            requests_limit=self._requests_limit,
            requests_left=max(self._requests_limit - self._requests, 0),
            tokens_limit=self._tokens_limit,
            tokens_left=max(self._tokens_limit - self._tokens, 0),
            resets_in_s=-(-(WINDOW_NS - elapsed_ns) // 1_000_000_000),
            resets_at_s=(window + 1) * WINDOW_NS // 1_000_000_000,
        )
