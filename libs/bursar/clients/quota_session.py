"""Many orders to quota over one stream: what came in one turn of the loop goes as one message."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from itertools import count
from types import TracebackType
from typing import Protocol

from google.rpc import status_pb2

from bursar.errors import BursarError, Overloaded, Unavailable
from bursar.quota.v1 import quota_pb2 as contract
from bursar.rpc import deadline
from bursar.rpc.calling import CALL_TIMEOUT_S
from bursar.rpc.status import from_status_message

OPERATIONS_MAX = 64  # of one message, by the contract
UNDER_WAY_MAX = 4096


class Streaming(Protocol):
    """Whose `session` it is: a RemoteQuota."""

    def session(
        self, requests: AsyncIterator[contract.SessionRequest]
    ) -> AsyncIterator[contract.SessionResponse]: ...


class QuotaSession:
    """Orders by the methods of QuotaClient, for callers with many under way; an async context.

    An order whose answer the stream did not bring is Unavailable, safe to repeat with its id.
    """

    def __init__(self, quota: Streaming) -> None:
        self._quota = quota
        self._tags = count(1)
        self._waiting: dict[int, asyncio.Future[contract.OperationResult]] = {}
        self._unsent: deque[contract.Operation] = deque()
        self._changed = asyncio.Event()
        self._is_closing = False
        self._ended: BursarError | None = None
        self._receiving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> QuotaSession:
        self._receiving = asyncio.ensure_future(self._receive())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Waits for what is under way."""
        self._is_closing = True
        self._changed.set()
        assert self._receiving is not None, "it was entered"
        await self._receiving

    async def reserve(self, request: contract.ReserveRequest) -> contract.ReserveResponse:
        return (await self._ordered(contract.Operation(reserve=request))).reserve

    async def dispatch(self, request: contract.DispatchRequest) -> contract.DispatchResponse:
        return (await self._ordered(contract.Operation(dispatch=request))).dispatch

    async def settle(self, request: contract.SettleRequest) -> contract.SettleResponse:
        return (await self._ordered(contract.Operation(settle=request))).settle

    async def release(self, request: contract.ReleaseRequest) -> contract.ReleaseResponse:
        return (await self._ordered(contract.Operation(release=request))).release

    async def record_usage(
        self, request: contract.RecordUsageRequest
    ) -> contract.RecordUsageResponse:
        return (await self._ordered(contract.Operation(record_usage=request))).record_usage

    async def _ordered(self, operation: contract.Operation) -> contract.OperationResult:
        """Raises the BursarError that the order alone would have got."""
        if self._ended is not None or self._is_closing:
            raise self._ended or Unavailable("the session is closing")
        if len(self._waiting) >= UNDER_WAY_MAX:
            raise Overloaded(f"{len(self._waiting)} orders of this session are under way")
        tag = operation.tag = next(self._tags)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[contract.OperationResult] = loop.create_future()
        self._waiting[tag] = answer
        self._unsent.append(operation)
        self._changed.set()
        try:
            with deadline.within(CALL_TIMEOUT_S):
                result = await answer
        finally:
            self._waiting.pop(tag, None)
        if result.HasField("error"):
            status = status_pb2.Status.FromString(result.error.SerializeToString())
            raise from_status_message(status)
        return result

    async def _receive(self) -> None:
        ended: BursarError = Unavailable("the session has ended")
        try:
            async for message in self._quota.session(self._requests()):
                for result in message.results:
                    answer = self._waiting.get(result.tag)
                    if answer is not None and not answer.done():
                        answer.set_result(result)
        except BursarError as error:
            ended = Unavailable(f"the session broke: {error.message}")
        self._ended = ended
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
            if self._is_closing:
                return
