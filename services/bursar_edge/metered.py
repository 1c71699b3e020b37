"""A call's way: looked up, counted, held, sent, brought back, settled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from bursar.dialects.body import LOOP_BYTES_MAX
from bursar.dialects.caching import CachePolicy
from bursar.ledger.v1 import ledger_pb2
from bursar.prices.book import NO_CONTEXT, PriceBook
from bursar.prices.costs import hold_cost
from bursar.prices.usage import Usage
from bursar.telemetry.context import TraceContext
from bursar.tokens.cache import CountCache
from bursar.tokens.chats import count_chat_async
from bursar.tokens.counts import TokenCount
from bursar_edge.accounts import Accounts
from bursar_edge.answers import Answers
from bursar_edge.call import Call
from bursar_edge.domain import (
    Ending,
    Outcome,
    Source,
    failed,
    is_looked_up,
    output_bound_tokens,
    unknown,
)
from bursar_edge.door import HeaderValues, Visitor, attribution_of
from bursar_edge.http1.client import Response
from bursar_edge.http1.errors import Unreachable
from bursar_edge.http1.exchange import Exchange
from bursar_edge.http1.request import Headers
from bursar_edge.relay import Relay
from bursar_edge.replay import replay
from bursar_edge.sharing import Sharing
from bursar_edge.shortening import Shortening
from bursar_edge.upstream import Upstream
from bursar_edge.waiting import Waiting

CACHE_HEADER = b"x-bursar-cache"
CLAIMED = "claimed"  # the reason of a miss: another makes it
USUAL_SERVICE_TIERS = frozenset({"auto", "default", "standard_only"})
UNCOUNTED = TokenCount(0, 0, is_estimate=False)


@dataclass(frozen=True, slots=True)
class MeteringTerms:
    """What calls are measured by. `clock` gives ns since 1970 UTC."""

    prices: PriceBook
    policy: CachePolicy
    default_max_output_tokens: int
    clock: Callable[[], int]


class Arrival(NamedTuple):
    """A request at the door of its call, its caller let in."""

    exchange: Exchange
    headers: HeaderValues
    visitor: Visitor
    upstream: Upstream
    call_id: str
    trace: TraceContext


class MeteredCalls:
    """Answers requests for model calls."""

    def __init__(
        self,
        accounts: Accounts,
        answers: Answers,
        relay: Relay,
        shortening: Shortening,
        terms: MeteringTerms,
    ) -> None:
        self._accounts = accounts
        self._answers = answers
        self._relay = relay
        self._shortening = shortening
        self._terms = terms
        self._counts = CountCache()
        self._going_on: set[asyncio.Task[None]] = set()

    async def answer(self, arrival: Arrival) -> None:
        """Answers from the cache, else by the provider within what limits allow.

        Raises a BursarError where the client has been told nothing yet.
        """
        if len(arrival.exchange.request.body) <= LOOP_BYTES_MAX:
            call = self._begun(arrival)
        else:
            call = await asyncio.to_thread(self._begun, arrival)
        if not await self._is_known(call, arrival):
            await self._made(call, arrival)

    async def _is_known(self, call: Call, arrival: Arrival) -> bool:
        """Whether the answer was kept, or made by another in the meantime, and so was given.

        Where it has to be made for others, too, the call has a share from here on.
        """
        exchange = arrival.exchange
        if not call.exact_key:
            return False
        if not call.is_shared:
            entry = await self._answers.find(call)
            if entry is not None:
                replay(call, entry, exchange)
            return entry is not None
        found = await self._answers.claim(call)
        if found.answer.is_hit:
            replay(call, found.answer.entry, exchange)
            return True
        if found.HasField("claim"):
            call.share = Sharing(self._answers.cache, found.claim)
            return False
        if found.answer.miss_reason != CLAIMED:
            return False
        await self._hold(call, self._completed(call, exchange.request.body))
        await self._accounts.check(call)
        return await Waiting(call, self._answers, exchange).is_answered()

    async def _made(self, call: Call, arrival: Arrival) -> None:
        """Makes the answer. Who makes it for others, too, goes on for them when its client has
        left.
        """
        share = call.share
        if share is None:
            await self._make(call, arrival)
            return
        making = asyncio.create_task(self._make(call, arrival))
        self._going_on.add(making)
        making.add_done_callback(partial(self._ended, share))
        try:
            await asyncio.shield(making)
        except asyncio.CancelledError:
            if arrival.exchange.is_gone and await share.is_awaited():
                raise
            making.cancel()
            await asyncio.wait((making,))
            raise

    def _ended(self, share: Sharing, making: asyncio.Task[None]) -> None:
        self._going_on.discard(making)
        share.failed()  # nothing where it was told its end
        if not making.cancelled():
            making.exception()  # which its client was told, if it is still there

    async def end(self) -> None:
        """Ends what still goes on for others, in its own way."""
        for making in self._going_on:
            making.cancel()
        if self._going_on:
            await asyncio.wait(self._going_on)

    async def _make(self, call: Call, arrival: Arrival) -> None:
        exchange, upstream = arrival.exchange, arrival.upstream
        request = exchange.request
        headers = upstream.request_headers(
            request.headers, call.trace, is_own_key=arrival.visitor.is_own_key
        )
        body = self._completed(call, request.body)
        if self._shortening.is_for(body, arrival.headers):
            body = await self._shortening.shortened(call, body)
        if call.held is None:
            await self._hold(call, body)
        await self._accounts.reserve(call)
        try:
            response = await self._sent(call, request.target, headers, body)
            try:
                await self._relay.bring(call, response, exchange)
            finally:
                response.close()
        finally:
            if not call.is_settled:  # whatever it was that went wrong
                self._accounts.settle_later(call, unknown())

    def _begun(self, arrival: Arrival) -> Call:
        """Decodes the body; raises InvalidRequest."""
        upstream, headers = arrival.upstream, arrival.headers
        dialect = upstream.dialect
        facts = dialect.facts(arrival.exchange.request.body)
        wish = headers.get(CACHE_HEADER, b"")
        policy = self._terms.policy
        if b"no-store" in wish:
            policy = CachePolicy(True, policy.are_sampled_allowed, policy.are_tool_calls_allowed)
        attribution = attribution_of(arrival.visitor, headers, arrival.call_id)
        exact_key = b""
        if is_looked_up(facts, policy) and b"off" not in wish:
            key_fields = [headers.get(name, b"") for name in dialect.KEY_HEADERS]
            key_fields.append(upstream.provider.encode())
            exact_key = self._answers.key_of(dialect, facts, attribution.tenant_id, key_fields)
        return Call(
            call_id=arrival.call_id,
            trace=arrival.trace,
            upstream=upstream,
            facts=facts,
            attribution=attribution,
            target=ledger_pb2.Target(
                provider=upstream.provider, model=facts.model, tier=upstream.tier
            ),
            policy=policy,
            began_ns=time.monotonic_ns(),
            input=UNCOUNTED,
            exact_key=exact_key,
        )

    def _completed(self, call: Call, body: bytes) -> bytes:
        """The request as it came, but with a bound and with its usage told, where it had none."""
        facts, dialect = call.facts, call.dialect
        if facts.max_output_tokens is None:
            body = dialect.with_max_output_tokens(body, self._terms.default_max_output_tokens)
        if facts.is_streaming and not facts.is_usage_streamed:
            body = dialect.with_usage_in_stream(body)
        return body

    async def _hold(self, call: Call, body: bytes) -> None:
        """The most that the call can take: a bound, not a hope."""
        facts, upstream = call.facts, call.upstream
        output_tokens = output_bound_tokens(facts, self._terms.default_max_output_tokens)
        counted = await count_chat_async(
            facts.body, facts.model, call.dialect.CHAT_FORMAT, self._counts
        )
        call.input = counted
        call.price = self._terms.prices.find(
            upstream.provider, facts.model, self._terms.clock(), _terms_of(call)
        )
        cost_nano_usd = 0
        if call.price is not None:
            cost_nano_usd = hold_cost(
                call.price,
                counted.bound_tokens,
                output_tokens,
                may_write_cache=_may_write_cache(call, body),
            )
        call.held = ledger_pb2.Amounts(
            requests=1,
            input_tokens=counted.bound_tokens,
            output_tokens=output_tokens,
            cost_nano_usd=cost_nano_usd,
        )

    async def _sent(self, call: Call, target: bytes, headers: Headers, body: bytes) -> Response:
        """The beginning of the provider's answer. Where it is known that it began none, the call
        is settled by that.
        """
        client = call.upstream.client
        try:
            connection = await client.connection()
        except (Unreachable, asyncio.CancelledError):
            self._accounts.settle_later(call, failed())
            raise
        try:
            return await client.send(connection, ("POST", target), headers, body)
        except asyncio.CancelledError:
            if call.facts.is_streaming:
                self._accounts.settle_later(call, _hung_up(call))
            raise


def _hung_up(call: Call) -> Ending:
    """The client left before its stream began: the provider has read the question, and no more."""
    usage = Usage(input_tokens=call.input.tokens)
    return Ending(Outcome.CUT, Source.COUNTED, None, counting=lambda: (usage, True))


def _may_write_cache(call: Call, body: bytes) -> bool:
    """Whether the provider may bill writes to its prompt cache. Where its format has marks for
    that, only a request that carries one.
    """
    return call.dialect.CHAT_FORMAT.value != "anthropic-messages" or b'"cache_control"' in body


def _terms_of(call: Call) -> Mapping[str, str]:
    """Terms the request asks for that change its price."""
    service_tier = call.facts.body.get("service_tier")
    if isinstance(service_tier, str) and service_tier not in USUAL_SERVICE_TIERS:
        return {"service_tier": service_tier}
    return NO_CONTEXT
