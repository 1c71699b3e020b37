"""Whether the process at an address lives: told by its open connection, not by a timer."""

from __future__ import annotations

import asyncio

import grpc
from grpc_health.v1 import health_pb2

# The name under which health says that a process lives, ready or not.
ALIVE = "alive"
WATCH = "/grpc.health.v1.Health/Watch"
SECOND_LOOK_S = 0.5

# A machine that is gone without a word is found by these; a killed process by its kernel, at once.
_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.keepalive_time_ms", 15_000),
    ("grpc.keepalive_timeout_ms", 2_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.use_local_subchannel_pool", 1),
)


async def gone(address: str) -> None:
    """Returns once the process at `address`, which was there, is there no longer.

    One that was never reached is not known to be gone: it is tried for ever.
    """
    async with grpc.aio.insecure_channel(address, options=_OPTIONS) as channel:
        has_been_there = False
        while True:
            is_there = await _watch(channel, None if not has_been_there else SECOND_LOOK_S)
            if not is_there and has_been_there:
                return
            has_been_there = has_been_there or is_there
            if not is_there:
                await asyncio.sleep(SECOND_LOOK_S)


async def _watch(channel: grpc.aio.Channel, first_word_s: float | None) -> bool:
    """Watches until the connection ends; whether the process said anything before, and, where
    `first_word_s` is given, within that time.
    """
    watch = channel.unary_stream(
        WATCH,
        health_pb2.HealthCheckRequest.SerializeToString,
        health_pb2.HealthCheckResponse.FromString,
    )
    call = watch(health_pb2.HealthCheckRequest(service=ALIVE))
    spoke = False
    try:
        async with asyncio.timeout(first_word_s):
            await call.read()
        spoke = True
        while await call.read() is not grpc.aio.EOF:
            pass
    except (grpc.aio.AioRpcError, TimeoutError):
        pass
    finally:
        call.cancel()
    return spoke
