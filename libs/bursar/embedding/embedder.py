"""Embeds for callers on an event loop, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from bursar.embedding.model import Embedding, SentenceModel
from bursar.errors import Overloaded

WAITING_MAX = 256
RETRY_AFTER_NS = 500_000_000

Result = TypeVar("Result")


class EmbedsTexts(Protocol):
    """Gives texts their vectors."""

    async def embed(self, text: str) -> Embedding: ...


class Embedder:
    """Satisfies EmbedsTexts. The model is loaded by the first text; until then it costs nothing.

    One event loop uses it. A text takes 1 to 10 ms by its length, none of it on the loop. Texts
    that wait are taken one after the other without a turn of the loop between them; computed
    together they would take a tenth less, and no longer have the same vector every time.
    """

    def __init__(self, load: Callable[[], SentenceModel] = SentenceModel.load) -> None:
        self._load = load
        self._thread: ThreadPoolExecutor | None = None
        self._model: SentenceModel | None = None
        self._waiting = 0

    async def embed(self, text: str) -> Embedding:
        """Raises Overloaded above WAITING_MAX, and what loading the model raises."""
        return await self.run(lambda model: model.embed(text))

    async def run(self, work: Callable[[SentenceModel], Result]) -> Result:
        """What `work` gives, done in the thread: for what embeds and goes on with the vector. One
        work at a time. Raises like `embed`, and what `work` raises.
        """
        if self._waiting >= WAITING_MAX:
            message = "too many texts wait to be embedded"
            raise Overloaded(message, retry_after_ns=RETRY_AFTER_NS)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedder")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: work(self._loaded())
            )
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Ends the thread once it has finished the text it is at; texts that wait are dropped."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _loaded(self) -> SentenceModel:
        if self._model is None:
            self._model = self._load()
        return self._model
