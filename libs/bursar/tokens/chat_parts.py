"""A request taken apart: what is tokenised as text, and what costs a number of tokens by rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from bursar.tokens.counts import PartTokens


class Rendered(NamedTuple):
    """Text that is written out only when it is not known yet: `source` identifies it."""

    source: bytes
    render: Callable[[], str]


Block: TypeAlias = "str | Rendered"


@dataclass(slots=True)
class ChatParts:
    """Grows while a request is walked. Blocks are counted by the model's vocabulary, and their
    estimate corrected; `rule_tokens` are the model's own tokens and are not.
    """

    blocks: list[Block] = field(default_factory=list)
    rule_tokens: int = 0
    rule_tokens_max: int = 0
    estimates: list[str] = field(default_factory=list)

    def add_text(self, text: str) -> None:
        """Text that the model reads as it stands."""
        if text:
            self.blocks.append(text)

    def add_rendered(self, source: bytes, render: Callable[[], str]) -> None:
        """Text that follows from `source` and costs time to write."""
        self.blocks.append(Rendered(source, render))

    def add_rule(self, tokens: int, tokens_max: int | None = None) -> None:
        """Tokens by a rule; `tokens_max` where the rule is not certain."""
        self.rule_tokens += tokens
        self.rule_tokens_max += tokens if tokens_max is None else tokens_max

    def add_part(self, part: PartTokens, reason: str) -> None:
        """An image, document or sound."""
        self.add_rule(part.tokens, part.bound_tokens)
        self.mark_estimate(reason)

    def mark_estimate(self, reason: str) -> None:
        """Something in the request has no published, certain rule."""
        if reason not in self.estimates:
            self.estimates.append(reason)
