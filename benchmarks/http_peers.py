"""What stands on both sides of a measured HTTP process: a fast provider, and callers in a loop.

python benchmarks/http_peers.py provider
python benchmarks/http_peers.py load --port 8080 --at-once 16 --seconds 2
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import time
from pathlib import Path

import uvloop
from httptools import HttpRequestParser, HttpResponseParser

PATH = "/v1/chat/completions"
MODEL = "gpt-4o-mini"
# About 400 bytes, as a short answer has.
_ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "A short answer."},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 21,
            "completion_tokens": 5,
            "total_tokens": 26,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }
).encode()
_REPLY = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_1\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_ANSWER), _ANSWER)
)


class Provider(asyncio.Protocol):
    """Answers every request at once with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(_REPLY)  # type: ignore[attr-defined]


class Caller(asyncio.Protocol):
    """Sends the next request when the last was answered; each has another last message."""

    def __init__(self, load: Load) -> None:
        self._load = load

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = HttpResponseParser(self)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._load.note(self._parser.get_status_code(), time.perf_counter() - self._sent_s)
        if self._load.is_over():
            self._load.leave()
            self._transport.close()
        else:
            self._parser = HttpResponseParser(self)
            self._send()

    def _send(self) -> None:
        self._sent_s = time.perf_counter()
        self._transport.write(self._load.request())  # type: ignore[attr-defined]


class Load:
    """The callers together, and what they were answered."""

    def __init__(self, told: argparse.Namespace) -> None:
        self._until_s = time.perf_counter() + told.seconds
        self._key = told.key
        self._headers = "".join(f"{header}\r\n" for header in told.header).encode()
        self._terms = {} if told.sampled else {"temperature": 0}
        self._round = secrets.token_hex(4)
        self._sent = 0
        self.calling = 0
        self.ended = asyncio.Event()
        self.answered: dict[int, int] = {}
        self.waits_s: list[float] = []

    def request(self) -> bytes:
        self._sent += 1
        content = f"Question {self._round}/{self._sent}: what is the next country's capital?"
        body = json.dumps(
            {
                "model": MODEL,
                "max_tokens": 64,
                **self._terms,
                "messages": [
                    {"role": "system", "content": "You answer in one short sentence."},
                    {"role": "user", "content": content},
                ],
            },
            separators=(",", ":"),
        ).encode()
        return (
            b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %b\r\n"
            b"content-type: application/json\r\naccept: application/json\r\n"
            b"user-agent: load/1\r\n%bcontent-length: %d\r\n\r\n%b"
            % (PATH.encode(), self._key.encode(), self._headers, len(body), body)
        )

    def note(self, status: int, wait_s: float) -> None:
        self.answered[status] = self.answered.get(status, 0) + 1
        self.waits_s.append(wait_s)

    def leave(self) -> None:
        """One caller less; `ended` after the last."""
        self.calling -= 1
        if not self.calling:
            self.ended.set()

    def is_over(self) -> bool:
        return time.perf_counter() > self._until_s


async def _provide() -> None:
    server = await asyncio.get_running_loop().create_server(Provider, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _load(told: argparse.Namespace) -> None:
    load, loop = Load(told), asyncio.get_running_loop()
    load.calling = told.at_once
    for _ in range(told.at_once):
        await loop.create_connection(lambda: Caller(load), "127.0.0.1", told.port)
    await load.ended.wait()
    waits_s = sorted(load.waits_s)
    p50_ms = waits_s[len(waits_s) // 2] * 1000 if waits_s else 0.0
    print(json.dumps({"answered": load.answered, "p50_ms": p50_ms}))


def main() -> None:
    parser = argparse.ArgumentParser(description=Path(__file__).name)
    parser.add_argument("role", choices=("provider", "load"))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--key", default="sk-none")
    parser.add_argument("--header", action="append", default=[], help="one more, `name: value`")
    parser.add_argument("--sampled", action="store_true", help="leave temperature unset")
    told = parser.parse_args()
    if told.role == "provider":
        uvloop.run(_provide())
    else:
        uvloop.run(_load(told))


if __name__ == "__main__":
    main()
