"""Kept answers in the way they were asked for: whole or as a stream."""

from __future__ import annotations

from bursar.cache.v1 import cache_pb2
from bursar_edge.call import Call, Fields
from bursar_edge.http1.exchange import Exchange


def replay(call: Call, entry: cache_pb2.Entry, exchange: Exchange) -> None:
    """A kept answer, with what it saved."""
    headers = call.headers(b"hit")
    headers += [
        (b"request-id", call.call_id.encode()),
        (b"x-request-id", call.call_id.encode()),
        (b"x-bursar-cost-nano-usd", b"0"),
    ]
    if entry.cost.is_known:
        headers.append((b"x-bursar-saved-nano-usd", b"%d" % entry.cost.total_nano_usd))
    if call.facts.is_streaming:
        replay_stream(call, entry.content, exchange, headers)
    else:
        exchange.reply(200, [(b"content-type", b"application/json"), *headers], entry.content)


def replay_stream(call: Call, content: bytes, exchange: Exchange, headers: Fields) -> None:
    """A whole answer as the stream that was asked for."""
    events = call.dialect.as_stream(content, call.facts.is_usage_streamed)
    exchange.start(200, [(b"content-type", b"text/event-stream; charset=utf-8"), *headers])
    exchange.end(b"".join(events))
