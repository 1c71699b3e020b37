"""What is done with a text outside the event loop: counted and compressed, in whatever thread or
process.
"""

from __future__ import annotations

from dataclasses import dataclass

from bursar.tokens.cache import CountCache
from bursar_compressor import counting
from bursar_compressor.attempts import guarded
from bursar_compressor.chat.request import FitOrder, FitResult, fit
from bursar_compressor.context import prompts
from bursar_compressor.context.prompts import Context, Piece
from bursar_compressor.domain import Compressed, Ground, Order, compress

# Of this process: most of what is counted in one compression is counted again.
_counts = CountCache()


@dataclass(frozen=True, slots=True)
class Done:
    """A result, and whether its counts are estimates for the model."""

    compressed: Compressed
    is_estimate: bool


def compressed(order: Order, model: str) -> Done:
    """See `domain.compress`."""
    counter = _Counter(model)
    return Done(compress(order, Ground(counter, guarded)), counter.is_estimate)


def fitted(order: FitOrder) -> FitResult:
    """See `chat.request.fit`."""
    return fit(order, _counts)


@dataclass(frozen=True, slots=True)
class Built:
    """A prompt from contexts, and what it is made of."""

    prompt: str
    pieces: list[Piece]
    tokens: int
    full_tokens: int
    is_estimate: bool


def prompt(wanted: list[Context], seen: list[Context], model: str) -> Built:
    """See `context.prompts`."""
    counter = _Counter(model)
    told = prompts.pieces(wanted, seen, counter)
    text = prompts.prompt(told)
    full = "".join(prompts.full(context, counter).text for context in wanted)
    return Built(text, told, counter(text), counter(full), counter.is_estimate)


def count(text: str, model: str) -> tuple[int, bool]:
    """Tokens of `text` for `model`, and whether that is an estimate."""
    found = counting.count(text, model, _counts)
    return found.tokens, found.is_estimate


class _Counter:
    """A counting function that remembers whether it had to estimate."""

    def __init__(self, model: str) -> None:
        self.is_estimate = False
        self._model = model

    def __call__(self, text: str) -> int:
        tokens, is_estimate = count(text, self._model)
        self.is_estimate = self.is_estimate or is_estimate
        return tokens
