"""What a provider says a call used, in one shape for every format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProviderUsage:
    """Tokens of one call as the provider counted them; the fields of `bursar.ledger.v1.TokenUsage`.

    `input_tokens` is the total, those read from and written to the provider's cache included.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
