"""What HTTP alone costs the edge: CPU a forwarded call, by server and client, nothing accounted.

    python benchmarks/edge_http.py

A forwarder in a process of its own stands between callers and a provider in theirs, 16 at once;
rounds of all variants take turns, the least disturbed round of each counts.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in ("libs", "services"):
    sys.path.insert(0, str(HERE.parent / folder))
sys.path.insert(0, str(HERE))

from process_cpu import cpu_s  # noqa: E402

ROUNDS = 3
ROUND_S = 1.5
AT_ONCE = 16
SERVERS = ("own", "uvicorn")
CLIENTS = ("own", "aiohttp")

Forward = Callable[[bytes, list[tuple[bytes, bytes]], bytes], Awaitable[tuple[int, bytes]]]


def measure() -> dict[str, float]:
    """CPU milliseconds a call of the forwarding process, for each server and client."""
    variants = [(server, client) for server in SERVERS for client in CLIENTS]
    provider, provider_port = _started("http_peers.py", "provider")
    forwarders = {v: _started("edge_http.py", *v, str(provider_port)) for v in variants}
    best: dict[str, float] = {}
    try:
        for _ in range(ROUNDS):
            for variant, (process, port) in forwarders.items():
                name = f"{variant[0]}_server_{variant[1]}_client_cpu_ms"
                best[name] = min(best.get(name, 1e9), _cpu_ms_per_call(process.pid, port))
    finally:
        for process, _ in [(provider, 0), *forwarders.values()]:
            process.kill()
            process.wait()
    return best


def _cpu_ms_per_call(pid: int, port: int) -> float:
    before_s = cpu_s(pid)
    command = [sys.executable, HERE / "http_peers.py", "load", "--port", str(port)]
    command += ["--at-once", str(AT_ONCE), "--seconds", str(ROUND_S)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return (cpu_s(pid) - before_s) * 1000 / told["answered"]["200"]


def _started(script: str, *arguments: str) -> tuple[subprocess.Popen[str], int]:
    command = [sys.executable, str(HERE / script), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


async def _forward(server: str, client: str, provider_port: int) -> None:
    forward = await _CLIENTS[client](provider_port)
    await _SERVERS[server](forward)


async def _own_client(provider_port: int) -> Forward:
    from bursar_edge.http1.client import ClientTerms, HttpClient

    provider = HttpClient(f"http://127.0.0.1:{provider_port}", ClientTerms())

    async def forward(
        target: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[int, bytes]:
        connection = await provider.connection()
        response = await provider.send(connection, ("POST", target), headers, body)
        content, _ = await response.read(1 << 20)
        response.close()
        return response.status, content

    return forward


async def _aiohttp_client(provider_port: int) -> Forward:
    import aiohttp
    from yarl import URL

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    address = f"http://127.0.0.1:{provider_port}"

    async def forward(
        target: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[int, bytes]:
        fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        url = URL(address + target.decode("latin-1"), encoded=True)
        async with session.post(url, headers=fields, data=body) as response:
            return response.status, await response.read()

    return forward


_UNSENT = (b"host", b"content-length")


async def _own_server(forward: Forward) -> None:
    from bursar_edge.http1.exchange import Exchange
    from bursar_edge.http1.server import HttpServer, ServerTerms

    async def answer(exchange: Exchange) -> None:
        request = exchange.request
        headers = [field for field in request.headers if field[0] not in _UNSENT]
        status, content = await forward(request.target, headers, request.body)
        exchange.reply(status, [(b"content-type", b"application/json")], content)

    port = await HttpServer(answer, ServerTerms()).listen("127.0.0.1", 0)
    print(port, flush=True)
    await asyncio.Event().wait()


async def _uvicorn_server(forward: Forward) -> None:
    import socket

    import uvicorn

    async def application(scope, receive, send):
        pieces = []
        while True:
            message = await receive()
            pieces.append(message["body"])
            if not message.get("more_body"):
                break
        headers = [field for field in scope["headers"] if field[0] not in _UNSENT]
        status, content = await forward(scope["raw_path"], headers, b"".join(pieces))
        fields = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(content)),
        ]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": content})

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
    )
    print(listener.getsockname()[1], flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])


_CLIENTS = {"own": _own_client, "aiohttp": _aiohttp_client}
_SERVERS = {"own": _own_server, "uvicorn": _uvicorn_server}


def main() -> None:
    if len(sys.argv) == 4:
        import uvloop

        uvloop.run(_forward(sys.argv[1], sys.argv[2], int(sys.argv[3])))
        return
    for name, value in measure().items():
        print(f"{name:40} {value:8.3f}")


if __name__ == "__main__":
    main()
