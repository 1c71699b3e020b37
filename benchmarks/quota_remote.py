"""How fast quota answers over gRPC, from another process: one at a time, many a call, a stream."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

for folder in ("libs", "services"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / folder))

from quota_loads import reserve_request, settle_request  # noqa: E402

from bursar.clients.quota import RemoteQuota  # noqa: E402
from bursar.clients.quota_session import QuotaSession  # noqa: E402
from bursar.quota.v1 import quota_pb2  # noqa: E402
from bursar.rpc.calling import channel_to  # noqa: E402

UNARY_CALLS = 1_000
STREAM_PAIRS = 20_000
STREAM_IN_FLIGHT = 64
BATCHES = 300
BATCH_ORDERS = 64
BATCHES_IN_FLIGHT = 4
STARTED_S = 30.0


async def figures() -> dict[str, float]:
    """Of one server, on a log of its own."""
    async with _serving() as quota:
        return {
            "unary_p50_ms": await _unary_p50_ms(quota),
            "stream_pairs_per_s": await _stream_pairs_per_s(quota),
            "batch_reservations_per_s": await _batch_reservations_per_s(quota),
        }


@asynccontextmanager
async def _serving() -> AsyncIterator[RemoteQuota]:
    with tempfile.TemporaryDirectory() as data_dir:
        server = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("quota_server.py")),
            data_dir,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert server.stdin is not None
        assert server.stdout is not None
        async with asyncio.timeout(STARTED_S):
            address = (await server.stdout.readline()).decode().strip()
        channel = channel_to(address)
        try:
            yield RemoteQuota(channel)
        finally:
            await channel.close()
            server.stdin.close()
            await server.wait()


async def _unary_p50_ms(quota: RemoteQuota) -> float:
    """A durable reserve, one at a time."""
    latencies_s: list[float] = []
    for number in range(UNARY_CALLS):
        began_s = time.perf_counter()
        await quota.reserve(reserve_request(f"unary-{number}"))
        latencies_s.append(time.perf_counter() - began_s)
    return statistics.median(latencies_s) * 1000


async def _stream_pairs_per_s(quota: RemoteQuota) -> float:
    """Reserve and settle by 64 callers that share one stream, each waiting for both answers."""
    numbers = iter(range(STREAM_PAIRS))

    async def work(session: QuotaSession) -> None:
        for number in numbers:
            name = f"stream-{number}"
            held = await session.reserve(reserve_request(name))
            await session.settle(settle_request(name, held.reservation_id))

    async with QuotaSession(quota) as session:
        began_s = time.perf_counter()
        await asyncio.gather(*(work(session) for _ in range(STREAM_IN_FLIGHT)))
        return STREAM_PAIRS / (time.perf_counter() - began_s)


async def _batch_reservations_per_s(quota: RemoteQuota) -> float:
    """64 reservations a call."""
    batches = iter(range(BATCHES))

    async def work() -> None:
        for batch in batches:
            names = [f"batch-{batch}-{place}" for place in range(BATCH_ORDERS)]
            orders = [reserve_request(name) for name in names]
            await quota.reserve_many(quota_pb2.ReserveManyRequest(orders=orders))

    began_s = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(BATCHES_IN_FLIGHT)))
    return BATCHES * BATCH_ORDERS / (time.perf_counter() - began_s)


if __name__ == "__main__":
    print(asyncio.run(figures()))
