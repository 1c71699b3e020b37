"""What paid APIs cost: a price book and a vocabulary, loaded when a plan first asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bursar.prices.book import PriceBook
from bursar.prices.costs import hold_cost
from bursar.tokens.families import encoding_for
from bursar.tokens.texts import count_text
from bursar_planner.domain.backends import Target

# What takes longer to count than a plan should hold up others is counted in a thread.
INLINE_CHARACTERS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class PricesAt:
    """Prices as they hold at one time."""

    book: PriceBook
    at_ns: int

    def hold_cost_nano_usd(
        self, target: Target, input_tokens: int, output_tokens: int
    ) -> int | None:
        """At plain rates: what Bursar sends by itself asks no provider to write its cache.

        A provider that the prices do not know is not guessed from the model's name.
        """
        row = self.book.find(target.provider, target.model, self.at_ns)
        if row is None:
            return None
        return hold_cost(row, input_tokens, output_tokens, may_write_cache=False)


class NoPrices:
    """For plans in which nothing is paid."""

    def hold_cost_nano_usd(
        self, target: Target, input_tokens: int, output_tokens: int
    ) -> int | None:
        return None


class Pricing:
    """One book for the life of the process. What blocks for long runs in a thread, once."""

    def __init__(self, load: Callable[[], PriceBook]) -> None:
        self._load = load
        self._loading = asyncio.Lock()
        self._book: PriceBook | None = None
        self._vocabularies: set[str] = set()

    @property
    def is_loaded(self) -> bool:
        return self._book is not None

    async def at(self, at_ns: int) -> PricesAt:
        """Raises InvalidRequest for a file of prices that is not as documented."""
        if self._book is None:
            async with self._loading:
                if self._book is None:
                    self._book = await asyncio.to_thread(self._load)
        return PricesAt(self._book, at_ns)

    async def tokens_of(self, description: str, model: str) -> int:
        """What the description takes in a prompt for `model`."""
        vocabulary = encoding_for(model).name
        if vocabulary in self._vocabularies and len(description) <= INLINE_CHARACTERS_MAX:
            return count_text(description, model).tokens
        count = await asyncio.to_thread(count_text, description, model)
        self._vocabularies.add(vocabulary)
        return count.tokens
