"""The edge as the process sees it: it listens, sorts requests by path, and drains."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from bursar.clients.cache import CacheClient
from bursar.clients.compressor import CompressorClient
from bursar.clients.quota import QuotaClient
from bursar.dialects import anthropic_messages, openai_chat
from bursar.dialects.caching import CachePolicy
from bursar.dialects.dialect import Dialect
from bursar.dialects.refusal import RefusalKind, kind_of, retry_after_s
from bursar.errors import BursarError, NotFound, Overloaded, Unavailable
from bursar.eventlog.envelope import new_event_id
from bursar.identity import Pseudonyms
from bursar.prices.book import PriceBook
from bursar.telemetry import context as trace_context
from bursar.telemetry import traces
from bursar.telemetry.context import TRACEPARENT, TraceContext
from bursar.wiring.ground import entrance_of
from bursar.wiring.module import Ground
from bursar.wiring.settings import ProcessSettings
from bursar_edge.accounts import Accounts
from bursar_edge.answers import Answers
from bursar_edge.door import Door, HeaderValues
from bursar_edge.http1.exchange import Exchange
from bursar_edge.http1.request import Fault, Headers
from bursar_edge.http1.server import HttpServer, ServerTerms
from bursar_edge.metered import Arrival, MeteredCalls, MeteringTerms
from bursar_edge.passing import is_passed, pass_on
from bursar_edge.relay import Relay, RelayTerms
from bursar_edge.settings import EdgeSettings
from bursar_edge.shortening import Shortening
from bursar_edge.upstream import Upstream, upstreams

if TYPE_CHECKING:
    from bursar_edge.dashboard.dashboard import Dashboard

NS_PER_S = 1_000_000_000
RETRY_AFTER_S = 1
SETTLED_S = 2.0  # for the last settles, when the process ends
_FAULTS = {
    Fault.TOO_LARGE: (RefusalKind.TOO_LARGE, "the request is larger than this server takes"),
    Fault.OVERLOADED: (RefusalKind.OVERLOADED, "too many large requests at once"),
}
_TRACEPARENT = TRACEPARENT.encode()
_TEXT: Headers = [(b"content-type", b"text/plain; charset=utf-8")]
_DASHBOARD_PREFIX = "/dashboard/"


def _nobody(name: str) -> NoReturn:
    raise Unavailable(f"{name} is not to be asked from here")


class EdgeService:
    """Satisfies the wiring's Service. `url` is set once it is ready. `client` gives the client of
    a service by its name, for the dashboard.
    """

    def __init__(
        self,
        ground: Ground,
        clients: tuple[QuotaClient, CacheClient, CompressorClient],
        settings: EdgeSettings,
        process: ProcessSettings,
        client: Callable[[str], Any] = _nobody,
    ) -> None:
        quota, cache, compressor = clients
        self.url = ""
        self._client = client
        self._is_ending = asyncio.Event()
        self._ground = ground
        self._settings = settings
        self._process = process
        self._accounts = Accounts(quota, int(settings.call_s * NS_PER_S), settings.unsettled_max)
        self._answers = Answers(cache, ground.keyring)
        self._shortening = Shortening(compressor, settings.shortened_bytes_min)
        self._upstreams = upstreams(settings)
        self._server = HttpServer(self._handle, _server_terms(settings))
        self._is_listening = asyncio.Event()
        self._under_way = 0

    async def run(self) -> None:
        """Serves until cancelled."""
        settings, ground = self._settings, self._ground
        prices = await asyncio.to_thread(PriceBook.load, settings.prices_file, settings.price_set)
        entrance = await asyncio.to_thread(entrance_of, self._process, ground)
        self._entrance = entrance
        self._door = Door(entrance, Pseudonyms(ground.keyring, ground.names))
        relay = Relay(
            self._accounts,
            self._answers,
            RelayTerms(settings.response_bytes_max, settings.cached_bytes_max),
        )
        policy = CachePolicy(
            are_sampled_allowed=settings.are_sampled_cached,
            are_tool_calls_allowed=settings.are_tool_calls_cached,
        )
        terms = MeteringTerms(prices, policy, settings.default_max_output_tokens, ground.clock)
        self._calls = MeteredCalls(self._accounts, self._answers, relay, self._shortening, terms)
        try:
            port = await self._server.listen(self._process.host, settings.port)
            self.url = f"http://{_in_url(self._process.host)}:{port}"
            self._is_listening.set()
            await asyncio.Event().wait()
        finally:
            self._server.close()
            for upstream in self._upstreams.values():
                upstream.client.close()

    async def ready(self) -> None:
        """Returns once it listens."""
        await self._is_listening.wait()

    async def drain(self) -> None:
        """Calls under way get `drain_s`, then are cut and settled by what was streamed."""
        self._is_ending.set()
        await self._server.drain(self._settings.drain_s)
        await self._calls.end()
        async with asyncio.timeout(SETTLED_S):
            await self.settled()

    async def settled(self) -> None:
        """Returns when every call that has ended is settled, and its answer kept."""
        await self._accounts.settled()
        await self._answers.kept()

    async def _handle(self, exchange: Exchange) -> None:
        request = exchange.request
        headers = dict(request.headers)
        call_id = new_event_id(self._ground.clock())
        trace = _trace_of(headers, self._process.sample_ratio)
        path = request.path
        try:
            with (
                self._ground.activity.call(),
                trace_context.within(trace),
                traces.span("bursar.edge", {"call_id": call_id}),
            ):
                await self._route(exchange, path, headers, call_id)
        except BursarError as error:
            if exchange.is_started:
                exchange.abort()
            else:
                _refuse(exchange, _dialect_of(path, headers), error, call_id)

    async def _route(
        self, exchange: Exchange, path: str, headers: HeaderValues, call_id: str
    ) -> None:
        request = exchange.request
        if request.fault is not None:
            kind, message = _FAULTS[request.fault]
            _reply_refusal(exchange, _dialect_of(path, headers), (kind, message, call_id, 1))
        elif request.method == "POST" and path in self._upstreams:
            await self._metered(exchange, self._upstreams[path], headers, call_id)
        elif is_passed(request.method, path):
            dialect = _dialect_of(path, headers)
            visitor = self._door.admit(headers)
            upstream = self._upstreams[dialect.PATH]
            await pass_on(exchange, upstream, is_own_key=visitor.is_own_key)
        elif request.method in ("GET", "HEAD") and path == "/healthz":
            exchange.reply(200, _TEXT, b"ok\n")
        elif path == "/" or path.startswith(_DASHBOARD_PREFIX):
            await self._dashboard.answer(exchange, headers)
        else:
            raise NotFound(f"{request.method} {path} is not served here")

    @cached_property
    def _dashboard(self) -> Dashboard:
        """Imported by the first who looks at it: an edge starts without it."""
        from bursar_edge.dashboard.dashboard import Dashboard

        return Dashboard(self._entrance, self._client, self._is_ending)

    async def _metered(
        self, exchange: Exchange, upstream: Upstream, headers: HeaderValues, call_id: str
    ) -> None:
        if self._under_way >= self._settings.calls_at_once_max:
            raise Overloaded(f"{self._under_way} calls are under way", retry_after_ns=NS_PER_S)
        visitor = self._door.admit(headers)
        trace = trace_context.current()
        assert trace is not None
        self._under_way += 1
        try:
            await self._calls.answer(Arrival(exchange, headers, visitor, upstream, call_id, trace))
        finally:
            self._under_way -= 1


def _trace_of(headers: HeaderValues, sample_ratio: float) -> TraceContext:
    """The caller's trace, else a new one."""
    sent = headers.get(_TRACEPARENT)
    given = None if sent is None else trace_context.parse_traceparent(sent.decode("latin-1"))
    return trace_context.begin(sample_ratio) if given is None else given.child()


def _dialect_of(path: str, headers: HeaderValues) -> Dialect:
    """Whose shape an answer on this path has."""
    is_anthropic = path.startswith(anthropic_messages.PATH) or b"anthropic-version" in headers
    return anthropic_messages if is_anthropic and path != openai_chat.PATH else openai_chat


def _refuse(exchange: Exchange, dialect: Dialect, error: BursarError, call_id: str) -> None:
    kind = kind_of(error)
    wait_s = max(RETRY_AFTER_S, retry_after_s(error) or 0)
    limit_id = error.facts.get("limit_id")
    message = f"{error.message} (limit {limit_id})" if limit_id else error.message
    _reply_refusal(exchange, dialect, (kind, message, call_id, wait_s))


def _reply_refusal(
    exchange: Exchange, dialect: Dialect, told: tuple[RefusalKind, str, str, int]
) -> None:
    """`told`: why, for people, the call's id, seconds to wait."""
    refusal = dialect.refusal(*told)
    headers = [(name.encode(), value.encode()) for name, value in refusal.headers]
    headers.append((b"x-bursar-call-id", told[2].encode()))
    exchange.reply(refusal.status, headers, refusal.body)


def _server_terms(settings: EdgeSettings) -> ServerTerms:
    return ServerTerms(
        connections_max=settings.connections_max,
        body_bytes_max=settings.request_bytes_max,
        request_s=settings.request_s,
        idle_s=settings.idle_s,
    )


def _in_url(host: str) -> str:
    """As a caller on this machine writes it."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
