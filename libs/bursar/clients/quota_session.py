"""Many orders to quota over one stream: what came in one turn of the loop goes as one message."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextvars import Context
from itertools import count
from types import TracebackType
from typing import Protocol

from google.rpc import status_pb2

from bursar.errors import BursarError, Overloaded, Unavailable
from bursar.quota.v1 import quota_pb2 as contract
from bursar.rpc import deadline
from bursar.rpc.calling import CALL_TIMEOUT_S
from bursar.rpc.status import from_status_message
from bursar.telemetry import context as trace_context

OPERATIONS_MAX = 64  # of one message, by the contract
UNDER_WAY_MAX = 4096
ANSWERING_S = 0.2  # of the time of an order that may wait is kept for its answer
_NS_PER_S = 1_000_000_000


class Streaming(Protocol):
    """Whose `session` it is: a RemoteQuota."""

    def session(
        self, requests: AsyncIterator[contract.SessionRequest]
    ) -> AsyncIterator[contract.SessionResponse]: ...


class QuotaSession:
    """Orders by the methods of QuotaClient, for callers with many under way; an async context.

    An order whose answer the stream did not bring is Unavailable, safe to repeat with its id. A
    stream ends when nothing is under way, so that quota can stop; the next order begins another.
    """

    def __init__(self, quota: Streaming) -> None:
        self._quota = quota
        self._tags = count(1)
        self._stream: _Stream | None = None
        self._is_closing = False

    async def __aenter__(self) -> QuotaSession:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Waits for what is under way."""
        self._is_closing = True
        if self._stream is not None:
            await self._stream.end()

    async def reserve(self, request: contract.ReserveRequest) -> contract.ReserveResponse:
        if request.wait_ns:
            request = _waiting_no_longer_than_asked(request)
        return (await self._ordered(contract.Operation(reserve=request))).reserve

    async def dispatch(self, request: contract.DispatchRequest) -> contract.DispatchResponse:
        return (await self._ordered(contract.Operation(dispatch=request))).dispatch

    async def top_up(self, request: contract.TopUpRequest) -> contract.TopUpResponse:
        return (await self._ordered(contract.Operation(top_up=request))).top_up

    async def extend(self, request: contract.ExtendRequest) -> contract.ExtendResponse:
        return (await self._ordered(contract.Operation(extend=request))).extend

    async def settle(self, request: contract.SettleRequest) -> contract.SettleResponse:
        return (await self._ordered(contract.Operation(settle=request))).settle

    async def release(self, request: contract.ReleaseRequest) -> contract.ReleaseResponse:
        return (await self._ordered(contract.Operation(release=request))).release

    async def record_usage(
        self, request: contract.RecordUsageRequest
    ) -> contract.RecordUsageResponse:
        return (await self._ordered(contract.Operation(record_usage=request))).record_usage

    async def adjust(self, request: contract.AdjustRequest) -> contract.AdjustResponse:
        return (await self._ordered(contract.Operation(adjust=request))).adjust

    async def _ordered(self, operation: contract.Operation) -> contract.OperationResult:
        """Raises the BursarError that the order alone would have got."""
        if self._is_closing:
            raise Unavailable("the session is closing")
        if self._stream is None or self._stream.has_ended:
            self._stream = _Stream(self._quota)
        operation.tag = next(self._tags)
        context = trace_context.current()
        if context is not None:
            operation.traceparent = context.traceparent()
        result = await self._stream.ordered(operation)
        if result.HasField("error"):
            status = status_pb2.Status.FromString(result.error.SerializeToString())
            raise from_status_message(status)
        return result


def _waiting_no_longer_than_asked(request: contract.ReserveRequest) -> contract.ReserveRequest:
    """Quota does not see the deadline of one order of a stream: how long it waits says it."""
    left_s = max(0.0, deadline.remaining_s(CALL_TIMEOUT_S) - ANSWERING_S)
    bounded = contract.ReserveRequest()
    bounded.CopyFrom(request)
    bounded.wait_ns = min(request.wait_ns, int(left_s * _NS_PER_S))
    return bounded


class _Stream:
    """One stream with its orders, from the first on until it ends or breaks."""

    def __init__(self, quota: Streaming) -> None:
        self._waiting: dict[int, asyncio.Future[contract.OperationResult]] = {}
        self._unsent: deque[contract.Operation] = deque()
        self._changed = asyncio.Event()
        self.has_ended = False
        # Neither the deadline nor the trace of the order that begins it are the stream's.
        loop = asyncio.get_running_loop()
        self._receiving = loop.create_task(self._receive(quota), context=Context())

    async def ordered(self, operation: contract.Operation) -> contract.OperationResult:
        if len(self._waiting) >= UNDER_WAY_MAX:
            raise Overloaded(f"{len(self._waiting)} orders of this session are under way")
        answer: asyncio.Future[contract.OperationResult] = (
            asyncio.get_running_loop().create_future()
        )
        self._waiting[operation.tag] = answer
        self._unsent.append(operation)
        self._changed.set()
        try:
            with deadline.within(CALL_TIMEOUT_S):
                return await answer
        finally:
            self._waiting.pop(operation.tag, None)
            if not self._waiting:
                self._changed.set()

    async def end(self) -> None:
        """Once all that was ordered is answered."""
        self._changed.set()
        await self._receiving

    async def _receive(self, quota: Streaming) -> None:
        ended: BursarError = Unavailable("the session has ended")
        try:
            async for message in quota.session(self._requests()):
                for result in message.results:
                    answer = self._waiting.get(result.tag)
                    if answer is not None and not answer.done():
                        answer.set_result(result)
        except BursarError as error:
            ended = Unavailable(f"the session broke: {error.message}")
        finally:
            self.has_ended = True
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(ended)

    async def _requests(self) -> AsyncIterator[contract.SessionRequest]:
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._unsent:
                take = self._unsent.popleft
                together = [take() for _ in range(min(len(self._unsent), OPERATIONS_MAX))]
                yield contract.SessionRequest(operations=together)
            if not self._waiting:
                self.has_ended = True
                return
