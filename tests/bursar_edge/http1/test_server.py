"""What the server takes from connections, and what it does not put up with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bursar_edge.http1.exchange import Exchange
from bursar_edge.http1.server import HttpServer, ServerTerms

Handle = Callable[[Exchange], Awaitable[None]]


async def echo(exchange: Exchange) -> None:
    """Answers with what came."""
    request = exchange.request
    if request.fault is not None:
        exchange.reply(413, [], request.fault.value.encode())
        return
    text = b"%b %b %b" % (request.method.encode(), request.target, request.body)
    exchange.reply(200, [(b"content-type", b"text/plain")], text)


@asynccontextmanager
async def serving(
    handle: Handle = echo, terms: ServerTerms | None = None
) -> AsyncIterator[tuple[HttpServer, int]]:
    server = HttpServer(handle, terms or ServerTerms())
    port = await server.listen("127.0.0.1", 0)
    try:
        yield server, port
    finally:
        server.close()


async def said(port: int, *pieces: bytes) -> bytes:
    """All that the server answers to these bytes until it ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


LAST = b"GET /last HTTP/1.1\r\nconnection: close\r\n\r\n"


async def test_requests_sent_ahead_are_answered_in_their_order() -> None:
    async def slow_first(exchange: Exchange) -> None:
        if exchange.request.target == b"/1":
            await asyncio.sleep(0.05)
        await echo(exchange)

    async with serving(slow_first) as (_, port):
        text = await said(
            port,
            b"GET /1 HTTP/1.1\r\n\r\nPOST /2 HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc" + LAST,
        )
    assert text.index(b"GET /1") < text.index(b"POST /2 abc") < text.index(b"GET /last")


async def test_a_body_in_chunks_and_in_pieces_comes_whole() -> None:
    async with serving() as (_, port):
        text = await said(
            port,
            b"POST /x?y=%20 HTTP/1.1\r\ntransfer-enc",
            b"oding: chunked\r\nconnection: close\r\n\r\n3\r\nab",
            b"c\r\n2\r\nde\r\n0\r\n\r\n",
        )
    assert b"POST /x?y=%20 abcde" in text
    assert b"connection: close" in text


async def test_who_waits_for_a_word_before_the_body_gets_it() -> None:
    async with serving() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(b"ok")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
        writer.close()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"this is no HTTP\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n", b"400"),
    ],
)
async def test_what_is_no_request_is_refused(text: bytes, status: bytes) -> None:
    async with serving() as (_, port):
        assert status in await said(port, text)


async def test_an_upgrade_that_nobody_offered_is_passed_over() -> None:
    asked = b"GET /up HTTP/1.1\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"
    async with serving() as (_, port):
        assert (await said(port, asked)).endswith(b"GET /up ")


async def test_a_head_without_end_is_refused() -> None:
    terms = ServerTerms(head_bytes_max=1_000)
    pieces = [b"GET / HTTP/1.1\r\nx: "] + [b"y" * 500] * 6
    async with serving(terms=terms) as (_, port):
        assert (await said(port, *pieces)).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "framing", [b"content-length: 5000\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n1388\r\n"]
)
async def test_a_body_that_is_too_large_is_cut_off_and_still_answered(framing: bytes) -> None:
    terms = ServerTerms(body_bytes_max=1_000)
    async with serving(terms=terms) as (_, port):
        text = await said(port, b"POST / HTTP/1.1\r\n" + framing, b"x" * 5000)
    assert text.startswith(b"HTTP/1.1 413 ") and text.endswith(b"too_large")


async def test_bodies_together_are_bounded_and_their_room_comes_back() -> None:
    terms = ServerTerms(bodies_bytes_max=1_000)
    async with serving(terms=terms) as (_, port):
        for _ in range(3):
            text = await said(port, b"POST / HTTP/1.1\r\ncontent-length: 2000\r\n\r\n", b"x" * 2000)
            assert text.endswith(b"overloaded")
            request = b"POST / HTTP/1.1\r\nconnection: close\r\ncontent-length: 900\r\n\r\n"
            assert b"HTTP/1.1 200 " in await said(port, request + b"x" * 900)


async def test_more_connections_than_allowed_are_turned_away() -> None:
    async with serving(terms=ServerTerms(connections_max=1)) as (_, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await said(port, LAST)).startswith(b"HTTP/1.1 503 ")
        writer.close()


async def test_a_client_that_leaves_ends_the_task_that_answers_it() -> None:
    left = asyncio.Event()

    async def wait(exchange: Exchange) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            assert exchange.is_gone
            left.set()

    async with serving(wait) as (_, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        await writer.drain()
        writer.close()
        async with asyncio.timeout(10):
            await left.wait()


async def test_what_a_task_does_after_its_answer_holds_the_next_one_up_in_no_way() -> None:
    gate = asyncio.Event()

    async def linger(exchange: Exchange) -> None:
        await echo(exchange)
        if exchange.request.target == b"/1":
            await gate.wait()

    async with serving(linger) as (server, port):
        text = await said(port, b"GET /1 HTTP/1.1\r\n\r\n" + LAST)
        assert b"GET /1" in text and b"GET /last" in text
        gate.set()
        await server.drain(5)


async def test_a_stream_goes_out_in_chunks_and_to_an_old_client_without() -> None:
    async def stream(exchange: Exchange) -> None:
        exchange.start(200, [])
        exchange.write(b"one")
        exchange.end(b"two")

    async with serving(stream) as (_, port):
        new = await said(port, LAST)
        old = await said(port, b"GET / HTTP/1.0\r\n\r\n")
    assert new.endswith(b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
    assert b"chunked" not in old and old.endswith(b"\r\n\r\nonetwo")


async def test_an_answer_that_was_not_ended_breaks_the_connection() -> None:
    async def fail(exchange: Exchange) -> None:
        exchange.start(200, [])
        exchange.write(b"half")
        raise ValueError("a defect")

    async with serving(fail) as (_, port):
        text = await said(port, LAST)
    assert text.endswith(b"4\r\nhalf\r\n")  # and no last chunk


async def test_a_defect_before_the_answer_is_500() -> None:
    async def fail(exchange: Exchange) -> None:
        raise ValueError("a defect")

    async with serving(fail) as (_, port):
        assert (await said(port, LAST)).startswith(b"HTTP/1.1 500 ")


async def test_a_slow_reader_is_waited_for() -> None:
    piece = b"x" * 100_000
    written: list[int] = []

    async def pour(exchange: Exchange) -> None:
        exchange.start(200, [])
        for number in range(100):
            exchange.write(piece)
            await exchange.drained()
            written.append(number)
        exchange.end()

    async with serving(pour) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_000)
        writer.write(LAST)
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(written) < 100
        async with asyncio.timeout(20):
            whole = await reader.read()
        writer.close()
    assert whole.count(b"x") == 100 * len(piece)


async def test_a_connection_that_says_nothing_is_ended() -> None:
    async with serving(terms=ServerTerms(request_s=0.01, idle_s=0.01)) as (_, port):
        assert await said(port, b"GET / HTTP/1.1\r\n") == b""
        assert (await said(port, b"GET /idle HTTP/1.1\r\n\r\n")).endswith(b"GET /idle ")


async def test_draining_lets_answers_end_and_takes_no_more() -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    async def wait(exchange: Exchange) -> None:
        begun.set()
        await gate.wait()
        await echo(exchange)

    async with serving(wait) as (server, port):
        asking = asyncio.create_task(said(port, b"GET /w HTTP/1.1\r\n\r\n"))
        await begun.wait()
        draining = asyncio.create_task(server.drain(10))
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        gate.set()
        assert b"connection: close" in await asking
        await draining
