"""What the client makes of providers, well behaved or not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bursar.errors import InvalidRequest
from bursar_edge.http1.client import ClientTerms, HttpClient, Response
from bursar_edge.http1.errors import BrokeOff, TooSlow, Unreachable

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def provider(
    serve: Serve, terms: ClientTerms | None = None
) -> AsyncIterator[tuple[HttpClient, list[int]]]:
    """A client of a provider that treats each connection so; and how many there were."""
    connections: list[int] = []

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(count, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = HttpClient(f"http://127.0.0.1:{port}/base/", terms or ClientTerms())
    try:
        yield client, connections
    finally:
        client.close()
        server.close()


def answering(*answers: bytes) -> Serve:
    """Reads a request before each answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        await reader.read()

    return serve


async def ask(client: HttpClient) -> Response:
    async with asyncio.timeout(10):
        return await client.send(await client.connection(), ("GET", b"/x"), [(b"a", b"b")], b"")


OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def test_a_connection_is_used_again() -> None:
    async with provider(answering(OK, OK, OK)) as (client, connections):
        for _ in range(3):
            response = await ask(client)
            assert await response.read(100) == (b"ok", True)
            response.close()
    assert len(connections) == 1


async def test_a_connection_that_the_provider_ends_is_not() -> None:
    closing = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
    async with provider(answering(closing)) as (client, connections):
        for _ in range(2):
            response = await ask(client)
            assert await response.read(100) == (b"ok", True)
            response.close()
    assert len(connections) == 2


async def test_an_answer_left_early_breaks_the_connection() -> None:
    async with provider(answering(OK[:-1])) as (client, connections):
        for _ in range(2):
            response = await ask(client)
            assert await response.piece() == b"o"
            response.close()
    assert len(connections) == 2


async def test_announcements_before_the_answer_are_passed_over() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    async with provider(answering(early + OK)) as (client, _):
        response = await ask(client)
        assert response.status == 200
        assert response.headers == [(b"content-length", b"2")]
        assert await response.read(100) == (b"ok", True)
        response.close()


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nall of it")

    async with provider(serve) as (client, _):
        response = await ask(client)
        assert await response.read(100) == (b"all of it", True)


async def test_an_answer_that_ends_too_early_is_not_taken_for_whole() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n")

    async with provider(serve) as (client, _):
        response = await ask(client)
        assert await response.piece() == b"ok"
        with pytest.raises(BrokeOff):
            await response.piece()


async def test_no_answer_and_no_http_are_told_as_broken_off() -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    for serve in (leave, answering(b"SSH-2.0\r\n")):
        async with provider(serve) as (client, _):
            with pytest.raises(BrokeOff):
                await ask(client)


async def test_a_provider_that_is_not_there_is_told_apart() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = HttpClient(f"http://127.0.0.1:{taken.getsockname()[1]}", ClientTerms())
        with pytest.raises(Unreachable):
            await client.connection()


@pytest.mark.parametrize(
    ("answer", "terms"),
    [
        (b"", ClientTerms(first_byte_s=0.01)),
        (OK[:-1], ClientTerms(silence_s=0.01)),
    ],
)
async def test_a_provider_that_falls_silent_is_given_up(answer: bytes, terms: ClientTerms) -> None:
    async with provider(answering(answer), terms) as (client, _):
        with pytest.raises(TooSlow):
            response = await ask(client)
            await response.read(100)


async def test_a_fast_provider_waits_for_a_slow_reader() -> None:
    sent: list[int] = []

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 20000000\r\n\r\n")
        for number in range(200):
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent.append(number)
        await reader.read()

    async with provider(pour) as (client, _):
        response = await ask(client)
        for _ in range(500):
            await asyncio.sleep(0)
        assert len(sent) < 200
        content, is_whole = await response.read(30_000_000)
        assert is_whole and len(content) == 20_000_000
        response.close()


async def test_a_reader_can_stop_at_a_bound() -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" + b"x" * 1_000_000)
        await reader.read()

    async with provider(pour) as (client, _):
        response = await ask(client)
        content, is_whole = await response.read(1_000)
        assert not is_whole and 1_000 < len(content) < 1_000_000
        response.close()


async def test_the_path_stands_below_the_address() -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        await reader.read()

    async with provider(serve) as (client, _):
        (await ask(client)).close()
    assert asked[0].startswith(b"GET /base/x HTTP/1.1\r\nhost: 127.0.0.1:")


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://host", "http://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        HttpClient(url, ClientTerms())
