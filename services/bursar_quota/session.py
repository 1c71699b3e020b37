"""Many orders under way at once: no task for each; answers that came together leave together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

from google.protobuf.message import Message

from bursar.errors import BursarError, InvalidRequest
from bursar.quota.v1 import quota_pb2
from bursar.rpc.status import status_message
from bursar.telemetry import context as trace_context
from bursar_quota.domain.answers import Answer
from bursar_quota.domain.commands import Order
from bursar_quota.orders import Kind

OPERATIONS_MAX = 64  # of one message
UNDER_WAY_MAX = 1024  # of one stream; then it is not read on

Submit = Callable[[Order, bool], asyncio.Future[Answer]]
# Answers a reserve that is not decided at once: it may wait, or its messages are counted first.
Slowly = Callable[[quota_pb2.ReserveRequest], Coroutine[Any, Any, Message]]


class Begun(NamedTuple):
    """An order under way. `response_of` makes its answer the contract's, or raises the refusal."""

    name: str
    answer: asyncio.Future[Answer]
    response_of: Callable[[Answer], Message]

    def result(self, tag: int) -> quota_pb2.OperationResult:
        """What became of it, once it is done."""
        result = quota_pb2.OperationResult(tag=tag)
        try:
            getattr(result, self.name).CopyFrom(self.response_of(self.answer.result()))
        except BursarError as error:
            # The contract's Status has the fields of Google's, by the same numbers.
            result.error.MergeFromString(status_message(error).SerializeToString())
        return result


# Begins an order of a kind, named as in the contract's operations.
Begin = Callable[[str, Message], Begun]


class Orders:
    """Takes requests by their kind. `submit` gives orders to the writer; `now_ns` is its clock."""

    def __init__(
        self, kinds: dict[str, Kind], submit: Submit, slowly: Slowly, now_ns: Callable[[], int]
    ) -> None:
        self._kinds = kinds
        self._submit = submit
        self._slowly = slowly
        self._now_ns = now_ns

    def begin(self, name: str, order: Message) -> Begun:
        """What is wrong with it comes as its answer too."""
        if isinstance(order, quota_pb2.ReserveRequest) and is_slow(order):
            return answered_by(name, self._slowly(order))
        kind = self._kinds[name]
        try:
            command = kind.command_of(order, self._now_ns())
            answer = self._submit(command, kind.lingers)
        except BursarError as error:
            return refused(name, error)
        operation_id = command.stamp.operation_id
        return Begun(name, answer, lambda decided: kind.response_of(decided, operation_id))


def refused(name: str, error: BursarError) -> Begun:
    """An order that was not begun."""
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    answer.set_exception(error)
    return Begun(name, answer, lambda decided: quota_pb2.OperationResult())


def is_slow(order: quota_pb2.ReserveRequest) -> bool:
    """Whether it is more than one look at the limits."""
    return order.wait_ns != 0 or order.HasField("messages")


def answered_by(name: str, work: Coroutine[Any, Any, Message]) -> Begun:
    """An order that a task of its own answers, by the contract's response."""
    # Each Begun is read by its own `response_of` alone, which knows what its answer is.
    answer = cast("asyncio.Future[Answer]", asyncio.ensure_future(work))
    return Begun(name, answer, lambda response: cast(Message, response))


async def many(
    begin: Begin, name: str, orders: Sequence[Message]
) -> list[quota_pb2.OperationResult]:
    """A result for each, in their order."""
    check_how_many("orders", len(orders))
    begun = [begin(name, order) for order in orders]
    try:
        await asyncio.wait([each.answer for each in begun])
    finally:
        for each in begun:
            _give_up(each.answer)
    return [each.result(place) for place, each in enumerate(begun)]


def _give_up(answer: asyncio.Future[Answer]) -> None:
    """Nobody waits for it any more. What was given to the writer is decided all the same."""
    if isinstance(answer, asyncio.Task):
        answer.cancel()


class Session:
    """One stream's orders, and the results that are ready to leave."""

    def __init__(self, begin: Begin) -> None:
        self._begin_order = begin
        self._under_way: set[asyncio.Future[Answer]] = set()
        self._results: deque[quota_pb2.OperationResult] = deque()
        self._changed = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def results(
        self, requests: AsyncIterator[quota_pb2.SessionRequest]
    ) -> AsyncIterator[quota_pb2.SessionResponse]:
        """Until the caller has sent all and all of it is answered."""
        self._reading = asyncio.ensure_future(self._read(requests))
        self._reading.add_done_callback(self._change)
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                while self._results:
                    yield quota_pb2.SessionResponse(results=self._some())
                if self._reading.done() and not self._under_way:
                    self._reading.result()
                    return
        finally:
            self._reading.cancel()
            for answer in self._under_way:
                _give_up(answer)

    def _some(self) -> Iterable[quota_pb2.OperationResult]:
        take = self._results.popleft
        return [take() for _ in range(min(len(self._results), OPERATIONS_MAX))]

    async def _read(self, requests: AsyncIterator[quota_pb2.SessionRequest]) -> None:
        async for request in requests:
            check_how_many("operations", len(request.operations))
            for operation in request.operations:
                self._begin(operation)
            while len(self._under_way) >= UNDER_WAY_MAX:
                await self._changed.wait()

    def _begin(self, operation: quota_pb2.Operation) -> None:
        name = operation.WhichOneof("order")
        if name is None:
            raise InvalidRequest.of("operation.order", "none", "give one")
        if operation.traceparent:
            with trace_context.within(trace_context.parse_traceparent(operation.traceparent)):
                begun = self._begin_order(name, getattr(operation, name))
        else:
            begun = self._begin_order(name, getattr(operation, name))
        self._under_way.add(begun.answer)
        begun.answer.add_done_callback(partial(self._end, operation.tag, begun))

    def _end(self, tag: int, begun: Begun, answer: asyncio.Future[Answer]) -> None:
        self._under_way.discard(answer)
        if not answer.cancelled():
            self._results.append(begun.result(tag))
        self._change()

    def _change(self, _: object = None) -> None:
        self._changed.set()


def check_how_many(field: str, count: int) -> None:
    if not 1 <= count <= OPERATIONS_MAX:
        raise InvalidRequest.of(field, count, f"give 1 to {OPERATIONS_MAX}")
