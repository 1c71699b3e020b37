"""An answer on its way to those who wait for the same one, told as it comes."""

from __future__ import annotations

import asyncio
import logging

from bursar.cache.v1 import cache_pb2
from bursar.clients.cache import CacheClient
from bursar.errors import BursarError
from bursar.ledger.v1 import ledger_pb2

NS_PER_S = 1_000_000_000
# What came is told so soon, together with what came with it.
AWAITED_TELL_S = 0.02
TELL_S = 0.25  # while nobody is known to wait
LEASE_PARTS = 3

_logger = logging.getLogger(__name__)


class Sharing:
    """The claim of one call. Nobody who makes an answer waits for its being told; a cache that
    fails is one that tells nobody.
    """

    def __init__(self, cache: CacheClient, claim: cache_pb2.Claim) -> None:
        self.claim = claim
        self._cache = cache
        self._next = cache_pb2.AdvanceRequest(token=claim.token)
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._is_ended = False
        self._telling: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._renew_s = claim.lease_ns / NS_PER_S / LEASE_PARTS
        self._due = self._loop.call_later(self._renew_s, self._tell)
        self._is_soon = False

    def begin(self, status: int, content_type: bytes) -> None:
        """The head of the answer."""
        self._next.status = status
        self._next.content_type = content_type.decode("latin-1")

    def piece(self, piece: bytes) -> None:
        """The next of it, as the provider sent it."""
        if self._is_ended:
            return
        self._pieces.append(piece)
        if not self._is_soon:
            self._is_soon = True
            self._tell_in(AWAITED_TELL_S if self._waiting else TELL_S)

    def complete(
        self,
        usage: ledger_pb2.TokenUsage | None,
        cost: ledger_pb2.Cost | None,
        *,
        is_to_be_kept: bool,
    ) -> None:
        """The end of an answer, and what it took where that is known."""
        if usage is not None:
            self._next.usage.CopyFrom(usage)
        if cost is not None:
            self._next.cost.CopyFrom(cost)
        self._next.is_to_be_kept = is_to_be_kept
        self._end(cache_pb2.ENDING_COMPLETE)

    def refused(self) -> None:
        """What was told is the provider's refusal of the content, for all who ask for the same."""
        self._end(cache_pb2.ENDING_REFUSED)

    def failed(self) -> None:
        """Another is to make it; nothing where it has ended."""
        self._end(cache_pb2.ENDING_FAILED)

    async def is_awaited(self) -> bool:
        """Whether others wait for it now."""
        if self._telling is not None:
            await asyncio.wait((self._telling,))
        self._tell()
        if self._telling is not None:
            await asyncio.wait((self._telling,))
        return bool(self._waiting)

    def _end(self, ending: cache_pb2.Ending.ValueType) -> None:
        if self._is_ended:
            return
        self._is_ended = True
        self._next.ending = ending
        self._tell()

    def _tell_in(self, wait_s: float) -> None:
        self._due.cancel()
        self._due = self._loop.call_later(wait_s, self._tell)

    def _tell(self) -> None:
        self._due.cancel()
        if self._telling is None:
            self._telling = self._loop.create_task(self._tell_all())

    async def _tell_all(self) -> None:
        """One message at a time, so that they stay in order."""
        while True:
            request, self._next = self._next, cache_pb2.AdvanceRequest(token=self.claim.token)
            request.content = b"".join(self._pieces)
            self._pieces.clear()
            self._is_soon = False
            try:
                answer = await self._cache.advance(request)
            except BursarError as error:
                _logger.warning("who waits for an answer was not told of it: %s", error.message)
                self._waiting = 0
            else:
                self._waiting = answer.waiting
            if request.ending or not self._next.ending:
                break
        self._telling = None
        if not self._is_ended:
            self._tell_in(AWAITED_TELL_S if self._pieces and self._waiting else self._renew_s)
