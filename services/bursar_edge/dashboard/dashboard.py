"""Answers every request for the dashboard: its files, who is asking, what the pages ask."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from bursar.errors import BursarError, Kind, NotFound, Overloaded
from bursar.identity import Scope
from bursar.rpc.authentication import Entrance
from bursar_edge.dashboard import gate, live
from bursar_edge.dashboard.files import StaticFile, static_files
from bursar_edge.dashboard.questions import Questions
from bursar_edge.http1.exchange import Exchange
from bursar_edge.http1.request import Headers

PREFIX = "/dashboard/"
VIEWERS_MAX = 64
_ASK, _SESSION, _LIVE = "ask/", "session", "live"
_BEARER = b"Bearer "

_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    b" connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_GUARDED: Headers = [
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_JSON: Headers = [
    *_GUARDED,
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
]
_EVENTS: Headers = [
    *_GUARDED,
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
]
_STATUSES = {
    Kind.INVALID: 400,
    Kind.MISSING: 404,
    Kind.CONFLICT: 409,
    Kind.EXHAUSTED: 429,
    Kind.UNAVAILABLE: 503,
    Kind.LATE: 504,
    Kind.UNKNOWN_CALLER: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_NOW: 412,
    Kind.BROKEN_LOG: 503,
    Kind.UNIMPLEMENTED: 501,
    Kind.INTERNAL: 500,
}


class Dashboard:
    """Everything at `/` and below `/dashboard/`. `client` gives a service's client by name;
    `is_ending` ends the streams to open pages.
    """

    def __init__(
        self, entrance: Entrance, client: Callable[[str], Any], is_ending: asyncio.Event
    ) -> None:
        self._entrance = entrance
        self._questions = Questions(entrance, client)
        self._is_ending = is_ending
        self._viewers = 0

    async def answer(self, exchange: Exchange, headers: gate.HeaderValues) -> None:
        """Never raises a BursarError: a page reads it as JSON."""
        try:
            await self._answer(exchange, headers)
        except BursarError as error:
            if exchange.is_started:
                exchange.abort()
            else:
                exchange.reply(_STATUSES[error.kind], _JSON, _told(error))

    async def _answer(self, exchange: Exchange, headers: gate.HeaderValues) -> None:
        if self._is_open:
            gate.check_host(headers)
        method, path = exchange.request.method, exchange.request.path
        name = path.removeprefix(PREFIX)
        if method == "POST" and name.startswith(_ASK):
            gate.check_origin(headers)
            await self._ask(exchange, name.removeprefix(_ASK), _key(headers))
        elif method == "GET" and name == _SESSION:
            gate.check_origin(headers)
            exchange.reply(200, _JSON, self._session(_key(headers)))
        elif method == "GET" and name == _LIVE:
            gate.check_origin(headers)
            await self._tell(exchange, _key(headers))
        elif method in ("GET", "HEAD"):
            await _send_file(exchange, "index.html" if path == "/" else name, headers)
        else:
            raise NotFound(f"{method} {path} is not served here")

    async def _ask(self, exchange: Exchange, asked: str, key: str) -> None:
        service, _, method = asked.partition("/")
        answered = await self._questions.answer(service, method, exchange.request.body, key)
        exchange.reply(200, _JSON, answered)

    async def _tell(self, exchange: Exchange, key: str) -> None:
        self._entrance.caller(key)
        if self._viewers >= VIEWERS_MAX:
            raise Overloaded(f"{self._viewers} pages are open already")
        self._viewers += 1
        try:
            exchange.start(200, _EVENTS)
            await live.tell(exchange, self._questions, key, self._is_ending)
        finally:
            self._viewers -= 1

    def _session(self, key: str) -> bytes:
        """Who asks and what they may do, so that pages offer nothing that would be refused."""
        caller = self._entrance.caller(key)
        return json.dumps(
            {
                "is_open": self._is_open,
                "tenant_id": caller.tenant_id,
                "user_id": caller.user_id,
                "may_set_limits": Scope.LIMITS in caller.scopes,
            }
        ).encode()

    @property
    def _is_open(self) -> bool:
        """Whether anybody who reaches the port is let in."""
        return not self._entrance.is_asking_for_keys


async def _send_file(exchange: Exchange, name: str, headers: gate.HeaderValues) -> None:
    files = await asyncio.to_thread(_files)
    found = files.get(name)
    if found is None:
        raise NotFound(f"there is no file {name!r}")
    fields = [*_GUARDED, (b"etag", found.etag), (b"cache-control", b"no-cache")]
    if headers.get(b"if-none-match") == found.etag:
        exchange.reply(304, fields, b"")
    else:
        exchange.reply(200, [*fields, (b"content-type", found.kind)], found.content)


@cache
def _files() -> Mapping[str, StaticFile]:
    return static_files()


def _key(headers: gate.HeaderValues) -> str:
    return headers.get(b"authorization", b"").removeprefix(_BEARER).decode("latin-1")


def _told(error: BursarError) -> bytes:
    told = {"reason": error.reason, "message": error.message, "facts": error.facts}
    return json.dumps(told).encode()
