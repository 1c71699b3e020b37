"""Kept answers: found by the exact request, kept when complete, never in a caller's way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence

from bursar.cache.v1 import cache_pb2
from bursar.clients.cache import CacheClient
from bursar.dialects import anthropic_messages, openai_chat, openai_responses
from bursar.dialects.dialect import Dialect, RequestFacts
from bursar.errors import BursarError
from bursar.identity import Keyring
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_edge.call import Call

# Bigger streams are folded in a thread: at 5 ns a byte that is 0.3 ms of the loop.
FOLDED_IN_LOOP_BYTES_MAX = 64 * 1024
KEEPING_MAX = 256  # answers on their way to the cache; more are not kept

_STRATEGY = planner_pb2.CACHE_STRATEGY_STANDARD
_logger = logging.getLogger(__name__)


class Answers:
    """The exact cache as the edge uses it. A cache that fails is a cache without the answer."""

    def __init__(self, cache: CacheClient, keyring: Keyring) -> None:
        self.cache = cache
        self._keyring = keyring
        self._keeping = 0
        self._all_kept = asyncio.Event()
        self._all_kept.set()

    def key_of(
        self, dialect: Dialect, facts: RequestFacts, tenant_id: str, key_fields: Sequence[bytes]
    ) -> bytes:
        """What makes two requests the same: all that changes the answer, under the tenant's key.

        `key_fields`: the provider, and the values of the dialect's KEY_HEADERS.
        """
        form = dialect.canonical_key_form(facts)
        whole = b"\0".join((dialect.PATH.encode(), *key_fields, form))
        return self._keyring.keyed_hash(tenant_id, whole)

    async def claim(self, call: Call) -> cache_pb2.ClaimResponse:
        """The kept answer, or the right to make it, or neither: where another makes it."""
        request = cache_pb2.ClaimRequest(lookup=self._lookup(call))
        try:
            return await self.cache.claim(request)
        except BursarError as error:
            _logger.warning("the cache could not be asked: %s", error.message)
            return cache_pb2.ClaimResponse()

    def awaited(self, call: Call) -> AsyncGenerator[cache_pb2.AwaitResponse, None]:
        """What another makes, as it comes. Raises what the cache does."""
        return _heard(self.cache, cache_pb2.AwaitRequest(lookup=self._lookup(call)))

    async def find(self, call: Call) -> cache_pb2.Entry | None:
        """The kept answer to exactly this request."""
        try:
            found = await self.cache.lookup(self._lookup(call))
        except BursarError as error:
            _logger.warning("the cache could not be asked: %s", error.message)
            return None
        return found.entry if found.is_hit else None

    async def worth_keeping(self, call: Call, chunks: Sequence[bytes]) -> bytes | None:
        """The answer that these amount to; None for one that is not whole or may not be kept.

        `chunks`: one for a whole answer, else all of a stream as the provider sent it.
        """
        if not call.is_kept or not chunks:
            return None
        if sum(map(len, chunks)) <= FOLDED_IN_LOOP_BYTES_MAX:
            return _whole_to_keep(call, chunks)
        return await asyncio.to_thread(_whole_to_keep, call, chunks)

    async def keep(
        self,
        call: Call,
        content: bytes,
        usage: ledger_pb2.TokenUsage,
        cost: ledger_pb2.Cost,
    ) -> None:
        """Keeps a complete answer. For tasks that nobody waits for."""
        if self._keeping >= KEEPING_MAX:
            return
        self._keeping += 1
        self._all_kept.clear()
        try:
            await self._keep(call, content, usage, cost)
        except BursarError as error:
            _logger.warning("an answer was not kept: %s", error.message)
        finally:
            self._keeping -= 1
            if not self._keeping:
                self._all_kept.set()

    async def kept(self) -> None:
        """Returns when nothing is on its way."""
        await self._all_kept.wait()

    async def _keep(
        self,
        call: Call,
        content: bytes,
        usage: ledger_pb2.TokenUsage,
        cost: ledger_pb2.Cost,
    ) -> None:
        request = cache_pb2.StoreRequest(
            attribution=call.attribution,
            entry=cache_pb2.Entry(
                content=content,
                content_kind=_kind(call.dialect),
                usage=usage,
                cost=cost,
                target=call.target,
            ),
            strategy=_STRATEGY,
            is_complete=True,
            is_written_behind=True,
        )
        request.key.exact_key = call.exact_key
        if call.share is not None:
            request.claim.CopyFrom(call.share.claim)
        await self.cache.store(request)

    @staticmethod
    def _lookup(call: Call) -> cache_pb2.LookupRequest:
        request = cache_pb2.LookupRequest(
            attribution=call.attribution, target=call.target, strategy=_STRATEGY
        )
        request.key.exact_key = call.exact_key
        return request


async def _heard(
    cache: CacheClient, request: cache_pb2.AwaitRequest
) -> AsyncGenerator[cache_pb2.AwaitResponse, None]:
    async for told in cache.await_(request):
        yield told


def _whole_to_keep(call: Call, chunks: Sequence[bytes]) -> bytes | None:
    """The answer that these amount to; None for one that is not whole or may not be kept."""
    is_whole = len(chunks) == 1 and chunks[0].startswith(b"{")
    content = chunks[0] if is_whole else call.dialect.from_stream(chunks)
    if content is None or call.dialect.why_uncacheable(call.facts, content, call.policy):
        return None
    return content


_KINDS = {
    anthropic_messages.PATH: "anthropic.messages",
    openai_chat.PATH: "openai.chat",
    openai_responses.PATH: "openai.responses",
}


def _kind(dialect: Dialect) -> str:
    return _KINDS[dialect.PATH]
