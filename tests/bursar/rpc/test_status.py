"""An error raised by a service reaches its caller as the same class with the same facts."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from bursar.cache.v1 import cache_pb2
from bursar.clients.cache import RemoteCache
from bursar.errors import (
    BursarError,
    Conflict,
    DeadlineExceeded,
    Internal,
    InvalidRequest,
    LimitExceeded,
    LogBroken,
    Unavailable,
    Unimplemented,
    by_reason,
)
from bursar.rpc import deadline
from bursar.rpc.calling import channel_to
from bursar.rpc.serving import offer
from bursar.rpc.status import CODES
from bursar.telemetry import context as trace_context

CONTRACT = cache_pb2.DESCRIPTOR.services_by_name["CacheService"]


class CacheThatRaises:
    """Answers `stats` by raising what it was given; knows nothing else."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.seen_trace: trace_context.TraceContext | None = None

    async def stats(self, request: cache_pb2.StatsRequest) -> cache_pb2.StatsResponse:
        self.seen_trace = trace_context.current()
        raise self.error

    def __getattr__(self, name: str) -> object:
        return self.stats


async def raised_through_grpc(error: Exception) -> BursarError:
    server = grpc.aio.server()
    offer(server, CONTRACT, CacheThatRaises(error))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    channel = channel_to(f"127.0.0.1:{port}")
    try:
        with pytest.raises(BursarError) as caught:
            await RemoteCache(channel).stats(cache_pb2.StatsRequest())
    finally:
        await channel.close()
        await server.stop(None)
    return caught.value


@pytest.mark.parametrize(
    "error_class", sorted(by_reason().values(), key=lambda found: found.reason)
)
async def test_every_error_class_survives_the_wire(error_class: type[BursarError]):
    sent = error_class("what happened", facts={"limit_id": "team", "left_tokens": 12})

    received = await raised_through_grpc(sent)

    assert type(received) is error_class
    assert received.message == "what happened"
    assert received.facts == {"limit_id": "team", "left_tokens": 12}


async def test_a_refusal_carries_how_long_to_wait():
    received = await raised_through_grpc(LimitExceeded("spent", retry_after_ns=1_500_000_001))

    assert received.retry_after_ns == 1_500_000_001


async def test_an_invalid_field_is_named_with_its_value_and_the_remedy():
    received = await raised_through_grpc(
        InvalidRequest.of("limit.amount", -5, "give an amount of 0 or more")
    )

    [violation] = received.violations
    assert (violation.field, violation.value) == ("limit.amount", "-5")
    assert violation.remedy == "give an amount of 0 or more"


async def test_a_defect_shows_no_stack_trace_and_no_secret_to_the_caller():
    received = await raised_through_grpc(RuntimeError("the key is hunter2"))

    assert type(received) is Internal
    assert "hunter2" not in received.message


async def test_a_server_that_is_not_there_is_unavailable():
    channel = channel_to("127.0.0.1:1")
    with pytest.raises(Unavailable):
        await RemoteCache(channel).stats(cache_pb2.StatsRequest())
    await channel.close()


async def test_a_method_the_service_lacks_is_found_at_start():
    with pytest.raises(AttributeError, match="lookup"):
        offer(grpc.aio.server(), CONTRACT, object())


async def test_the_callers_trace_arrives_with_the_call():
    service = CacheThatRaises(Conflict("any"))
    server = grpc.aio.server()
    offer(server, CONTRACT, service)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    channel = channel_to(f"127.0.0.1:{port}")
    trace = trace_context.begin(sample_ratio=0.0)
    with trace_context.within(trace), pytest.raises(Conflict):
        await RemoteCache(channel).stats(cache_pb2.StatsRequest())
    await channel.close()
    await server.stop(None)

    assert service.seen_trace == trace


async def test_a_deadline_shrinks_on_the_way_down_and_never_grows():
    with deadline.within(5.0), deadline.within(60.0):
        assert deadline.remaining_s(100.0) <= 5.0


async def test_a_deadline_that_passed_refuses_the_next_call():
    with pytest.raises(DeadlineExceeded), deadline.within(0.0):
        deadline.remaining_s(1.0)


@pytest.mark.parametrize("timeout_s", [0.01, deadline.PRECISE_S_MAX + 0.01])
async def test_what_waits_past_its_deadline_ends_and_is_no_cancelled_task(timeout_s):
    async with asyncio.timeout(10):
        with pytest.raises(DeadlineExceeded), deadline.within(60.0), deadline.within(timeout_s):
            await asyncio.Event().wait()
        await asyncio.sleep(0)

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_task_that_is_cancelled_within_its_deadline_is_cancelled():
    async def work():
        with deadline.within(60.0):
            await asyncio.Event().wait()

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_every_kind_of_error_has_a_status_code_of_its_own_or_shares_it_on_purpose():
    assert {error_class.kind for error_class in by_reason().values()} == set(CODES)
    assert CODES[LogBroken.kind] is grpc.StatusCode.DATA_LOSS
    assert CODES[Unimplemented.kind] is grpc.StatusCode.UNIMPLEMENTED
