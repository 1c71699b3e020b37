"""Money over many partitions: each tenant's in one of them, each with a leader of its own.

The rules of a partition know nothing of the others; only this front says which is which.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Protocol, TypeVar, cast

from google.protobuf import message_factory
from google.protobuf.message import Message

from bursar.clients.remote import CONTRACTS
from bursar.errors import FailedPrecondition, LimitExceeded, NotFound
from bursar.eventlog.seats import Seats
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar.rpc import forwarding
from bursar.rpc.naming import attribute_name
from bursar_quota.domain.answers import Answer as DomainAnswer
from bursar_quota.domain.calls import TENANT_DEFAULT
from bursar_quota.domain.levels import Level
from bursar_quota.domain.reading import levels_of_tenant
from bursar_quota.messages import level_message
from bursar_quota.reservation_ids import partition_of
from bursar_quota.service import QuotaService
from bursar_quota.session import Begun, Session, answered_by, many, refused
from bursar_quota.wire import event_id_of

Answer = TypeVar("Answer", bound=Message)

_POSITIONS = ("position", "as_of")
_MANY = "_many"

CONTRACT = CONTRACTS["quota"]


def home_of(tenant_id: str, partitions: int) -> int:
    """The partition of a tenant: the first 8 bytes of its id's SHA-256, modulo their number.

    Recorded for ever: the number stands in every stream's metadata, and another is refused.
    """
    digest = sha256((tenant_id or TENANT_DEFAULT).encode()).digest()
    return int.from_bytes(digest[:8], "big") % partitions


class _Attributed(Protocol):
    @property
    def attribution(self) -> ledger_pb2.Attribution: ...


class _Many(Protocol):
    @property
    def orders(self) -> Sequence[Message]: ...


class PartitionedQuota:
    """Answers the contract's methods by the partition that a request is about, and is the wiring's
    Service of all of them.
    """

    def __init__(
        self,
        partitions: Sequence[QuotaService],
        seats: Seats | None = None,
        at: Callable[[str], object] | None = None,
    ) -> None:
        """`at` gives the client of another replica, for orders of partitions that it leads."""
        self._partitions = partitions
        self._seats = seats
        self._at = at
        # Any: each method's own request and answer.
        own: dict[str, Callable[[Any], Any]] = {
            "list_limits": self._list_limits,
            "watch_alerts": self._watch_alerts,
            "delete_limit": self._delete_limit,
        }

        for method in CONTRACT.methods:
            name = attribute_name(method.name)
            if method.client_streaming:
                continue  # `session`, which has a method of its own
            if name.endswith(_MANY):
                own[name] = self._many(name, message_factory.GetMessageClass(method.output_type))
            setattr(self, name, own.get(name) or self._in_its_partition(name))

    def session(
        self, requests: AsyncIterator[quota_pb2.SessionRequest]
    ) -> AsyncIterator[quota_pb2.SessionResponse]:
        """Each operation in the partition that it is about."""
        return Session(self._begin).results(requests)

    async def run(self) -> None:
        """Leads those partitions that it may, and stands by for the others."""
        async with asyncio.TaskGroup() as group:
            for partition in self._partitions:
                group.create_task(partition.run())
            if self._seats is not None:
                group.create_task(self._sit_down(self._seats))

    async def ready(self) -> None:
        for partition in self._partitions:
            await partition.ready()

    async def drain(self) -> None:
        await asyncio.gather(*(partition.drain() for partition in self._partitions))

    def leader_of(self, request: Message) -> str:
        """ "" too where the request is about all of them: then it is answered from here."""
        place = self._place(request)
        return "" if place is None else self._partitions[place].leader_of(request)

    async def _sit_down(self, seats: Seats) -> None:
        """Only once it has caught up: nobody hands on a lease to who is not ready for it."""
        await self.ready()
        await seats.run()

    # Any: each method's own request and answer.
    def _in_its_partition(self, name: str) -> Callable[[Any], Awaitable[Any]]:
        async def call(request: Message) -> Message:
            place = self._place(request)
            if place is None:
                raise _spans(len(self._partitions))
            with _refusals_placed(place):
                answer: Message = await getattr(self._partitions[place], name)(request)
            return _placed(answer, place)

        return call

    def _many(self, name: str, response: type[Message]) -> Callable[[Any], Awaitable[Any]]:
        async def call(request: _Many) -> Message:
            found = await many(self._begin, name.removesuffix(_MANY), request.orders)
            return response(results=found)

        return call

    def _begin(self, name: str, order: Message) -> Begun:
        place = self._place(order)
        if place is None:
            return refused(name, _spans(len(self._partitions)))
        address = self._partitions[place].leader_of(order)
        if address and self._at is not None:
            return answered_by(name, _asked(self._at(address), name, order))
        begun = self._partitions[place].begin(name, order)

        def response_of(answer: DomainAnswer) -> Message:
            with _refusals_placed(place):
                return _placed(begun.response_of(answer), place)

        return begun._replace(response_of=response_of)

    async def _list_limits(
        self, request: quota_pb2.ListLimitsRequest
    ) -> quota_pb2.ListLimitsResponse:
        """Without a tenant those of all, as far as this replica has read each partition."""
        place = self._place(request)
        if place is not None:
            return await self._partitions[place].list_limits(request)
        levels: list[Level] = []
        for partition in self._partitions:
            levels += await partition.seen_anywhere(
                lambda state, now: levels_of_tenant(state, "", now)
            )
        levels.sort(key=lambda level: level.limit.limit_id)
        return quota_pb2.ListLimitsResponse(levels=[level_message(level) for level in levels])

    async def _delete_limit(
        self, request: quota_pb2.DeleteLimitRequest
    ) -> quota_pb2.DeleteLimitResponse:
        place = self._place(request)
        if place is None:
            raise NotFound(
                f"there is no limit {request.limit_id}: list the limits to see their ids",
                facts={"limit_id": request.limit_id},
            )
        return _placed(await self._partitions[place].delete_limit(request), place)

    async def _watch_alerts(
        self, request: quota_pb2.WatchAlertsRequest
    ) -> AsyncIterator[quota_pb2.WatchAlertsResponse]:
        place = self._place(request)
        if place is None:
            raise _spans(len(self._partitions))
        async for response in self._partitions[place].watch_alerts(request):
            yield response

    def _place(self, request: Message) -> int | None:
        """The partition that a request is about; None where it is about all, or about none."""
        match request:
            case quota_pb2.DeleteLimitRequest(limit_id=limit_id):
                holders = (at for at, one in enumerate(self._partitions) if one.has_limit(limit_id))
                return next(holders, None)
            case quota_pb2.PutLimitRequest(limit=limit):
                tenants = {limit.selector.tenant_id}
            case quota_pb2.ApplyLimitsRequest(tenant_id=tenant_id, limits=limits):
                tenants = {tenant_id or limit.selector.tenant_id for limit in limits} or {tenant_id}
            case (
                quota_pb2.ListLimitsRequest(tenant_id=tenant_id)
                | quota_pb2.AlertsRequest(tenant_id=tenant_id)
                | quota_pb2.WatchAlertsRequest(tenant_id=tenant_id)
            ):
                tenants = {tenant_id}
            case _ if hasattr(request, "orders") or hasattr(request, "operations"):
                return None  # each has its own
            case _ if hasattr(request, "reservation_id"):
                return self._known(partition_of(request.reservation_id))
            case _:
                named = cast(_Attributed, request).attribution.tenant_id
                tenants = {named or TENANT_DEFAULT}
        places = {home_of(tenant_id, len(self._partitions)) for tenant_id in tenants}
        return places.pop() if "" not in tenants and len(places) == 1 else None

    def _known(self, place: int) -> int:
        """An id of a partition that is not there is nobody's: any says so."""
        return place if place < len(self._partitions) else 0


async def _asked(replica: object, name: str, order: Message) -> Message:
    """One order of another replica: in a task of its own, which alone is marked as forwarded."""
    forwarding.is_forwarded.set(True)
    answer: Message = await getattr(replica, name)(order)
    return answer


def _spans(partitions: int) -> FailedPrecondition:
    return FailedPrecondition(
        f"money is spread over {partitions} partitions by tenant, and this spans tenants: name one"
        " tenant, or use one partition",
        facts={"partitions": partitions},
    )


@contextmanager
def _refusals_placed(place: int) -> Iterator[None]:
    """Refusals name the event behind them in the partition that gave them."""
    try:
        yield
    except LimitExceeded as refusal:
        number = str(refusal.facts.get("event_id", "")).rpartition("-")[2]
        refusal.facts["event_id"] = event_id_of(int(number), place)
        raise


def _placed(answer: Answer, place: int) -> Answer:
    """The answer with its positions in the partition that gave them."""
    for name in _POSITIONS:
        if name in answer.DESCRIPTOR.fields_by_name:
            position = getattr(answer, name)
            position.partition = place
            position.event_id = event_id_of(position.event_number, place)
    return answer
