"""How quota is asked: it rations and keeps the ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, TypeVar, runtime_checkable

import grpc
from google.protobuf.message import Message

from bursar.clients.quota_session import QuotaSession
from bursar.quota.v1 import quota_pb2 as contract
from bursar.quota.v1 import quota_pb2_grpc as stubs
from bursar.rpc import forwarding
from bursar.rpc.calling import call, exchange, stream

CALLS_MAX = 4  # orders under way, each by a call: further ones share a stream

Order = TypeVar("Order", bound=Message)
Answer = TypeVar("Answer", bound=Message)


class QuotaClient(Protocol):
    """What quota promises, in process or remote; see protos/bursar/quota/v1."""

    async def put_limit(self, request: contract.PutLimitRequest) -> contract.PutLimitResponse: ...

    async def delete_limit(
        self, request: contract.DeleteLimitRequest
    ) -> contract.DeleteLimitResponse: ...

    async def list_limits(
        self, request: contract.ListLimitsRequest
    ) -> contract.ListLimitsResponse: ...

    async def apply_limits(
        self, request: contract.ApplyLimitsRequest
    ) -> contract.ApplyLimitsResponse: ...

    async def check(self, request: contract.CheckRequest) -> contract.CheckResponse: ...

    async def explain(self, request: contract.ExplainRequest) -> contract.ExplainResponse: ...

    async def alerts(self, request: contract.AlertsRequest) -> contract.AlertsResponse: ...

    def watch_alerts(
        self, request: contract.WatchAlertsRequest
    ) -> AsyncIterator[contract.WatchAlertsResponse]: ...

    async def forecast(self, request: contract.ForecastRequest) -> contract.ForecastResponse: ...

    async def reserve(self, request: contract.ReserveRequest) -> contract.ReserveResponse: ...

    async def dispatch(self, request: contract.DispatchRequest) -> contract.DispatchResponse: ...

    async def top_up(self, request: contract.TopUpRequest) -> contract.TopUpResponse: ...

    async def extend(self, request: contract.ExtendRequest) -> contract.ExtendResponse: ...

    async def settle(self, request: contract.SettleRequest) -> contract.SettleResponse: ...

    async def release(self, request: contract.ReleaseRequest) -> contract.ReleaseResponse: ...

    async def record_usage(
        self, request: contract.RecordUsageRequest
    ) -> contract.RecordUsageResponse: ...

    async def adjust(self, request: contract.AdjustRequest) -> contract.AdjustResponse: ...

    async def usage(self, request: contract.UsageRequest) -> contract.UsageResponse: ...

    async def reserve_many(
        self, request: contract.ReserveManyRequest
    ) -> contract.ReserveManyResponse: ...

    async def dispatch_many(
        self, request: contract.DispatchManyRequest
    ) -> contract.DispatchManyResponse: ...

    async def settle_many(
        self, request: contract.SettleManyRequest
    ) -> contract.SettleManyResponse: ...

    async def release_many(
        self, request: contract.ReleaseManyRequest
    ) -> contract.ReleaseManyResponse: ...

    async def record_usage_many(
        self, request: contract.RecordUsageManyRequest
    ) -> contract.RecordUsageManyResponse: ...

    def session(
        self, requests: AsyncIterator[contract.SessionRequest]
    ) -> AsyncIterator[contract.SessionResponse]: ...


class RemoteQuota:
    """QuotaClient over gRPC: a deadline on every call, errors as they were raised.

    Orders go as calls of their own while few are under way, and over one stream while many are.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: stubs.QuotaServiceAsyncStub = stubs.QuotaServiceStub(channel)
        self._session = QuotaSession(self)
        self._calls_under_way = 0

    async def put_limit(self, request: contract.PutLimitRequest) -> contract.PutLimitResponse:
        return await call(self._stub.PutLimit, request)

    async def delete_limit(
        self, request: contract.DeleteLimitRequest
    ) -> contract.DeleteLimitResponse:
        return await call(self._stub.DeleteLimit, request)

    async def list_limits(self, request: contract.ListLimitsRequest) -> contract.ListLimitsResponse:
        return await call(self._stub.ListLimits, request)

    async def apply_limits(
        self, request: contract.ApplyLimitsRequest
    ) -> contract.ApplyLimitsResponse:
        return await call(self._stub.ApplyLimits, request)

    async def check(self, request: contract.CheckRequest) -> contract.CheckResponse:
        return await call(self._stub.Check, request)

    async def explain(self, request: contract.ExplainRequest) -> contract.ExplainResponse:
        return await call(self._stub.Explain, request)

    async def alerts(self, request: contract.AlertsRequest) -> contract.AlertsResponse:
        return await call(self._stub.Alerts, request)

    def watch_alerts(
        self, request: contract.WatchAlertsRequest
    ) -> AsyncIterator[contract.WatchAlertsResponse]:
        return stream(self._stub.WatchAlerts, request)

    async def forecast(self, request: contract.ForecastRequest) -> contract.ForecastResponse:
        return await call(self._stub.Forecast, request)

    async def reserve(self, request: contract.ReserveRequest) -> contract.ReserveResponse:
        if self._is_busy():
            return await self._session.reserve(request)
        return await self._alone(self._stub.Reserve, request)

    async def dispatch(self, request: contract.DispatchRequest) -> contract.DispatchResponse:
        if self._is_busy():
            return await self._session.dispatch(request)
        return await self._alone(self._stub.Dispatch, request)

    async def top_up(self, request: contract.TopUpRequest) -> contract.TopUpResponse:
        if self._is_busy():
            return await self._session.top_up(request)
        return await self._alone(self._stub.TopUp, request)

    async def extend(self, request: contract.ExtendRequest) -> contract.ExtendResponse:
        if self._is_busy():
            return await self._session.extend(request)
        return await self._alone(self._stub.Extend, request)

    async def settle(self, request: contract.SettleRequest) -> contract.SettleResponse:
        if self._is_busy():
            return await self._session.settle(request)
        return await self._alone(self._stub.Settle, request)

    async def release(self, request: contract.ReleaseRequest) -> contract.ReleaseResponse:
        if self._is_busy():
            return await self._session.release(request)
        return await self._alone(self._stub.Release, request)

    async def record_usage(
        self, request: contract.RecordUsageRequest
    ) -> contract.RecordUsageResponse:
        if self._is_busy():
            return await self._session.record_usage(request)
        return await self._alone(self._stub.RecordUsage, request)

    async def adjust(self, request: contract.AdjustRequest) -> contract.AdjustResponse:
        if self._is_busy():
            return await self._session.adjust(request)
        return await self._alone(self._stub.Adjust, request)

    async def usage(self, request: contract.UsageRequest) -> contract.UsageResponse:
        return await call(self._stub.Usage, request)

    async def reserve_many(
        self, request: contract.ReserveManyRequest
    ) -> contract.ReserveManyResponse:
        return await call(self._stub.ReserveMany, request)

    async def dispatch_many(
        self, request: contract.DispatchManyRequest
    ) -> contract.DispatchManyResponse:
        return await call(self._stub.DispatchMany, request)

    async def settle_many(self, request: contract.SettleManyRequest) -> contract.SettleManyResponse:
        return await call(self._stub.SettleMany, request)

    async def release_many(
        self, request: contract.ReleaseManyRequest
    ) -> contract.ReleaseManyResponse:
        return await call(self._stub.ReleaseMany, request)

    async def record_usage_many(
        self, request: contract.RecordUsageManyRequest
    ) -> contract.RecordUsageManyResponse:
        return await call(self._stub.RecordUsageMany, request)

    def session(
        self, requests: AsyncIterator[contract.SessionRequest]
    ) -> AsyncIterator[contract.SessionResponse]:
        return exchange(self._stub.Session, requests)

    def _is_busy(self) -> bool:
        """Never for what is forwarded: the mark of it is a call's, not an order's."""
        return self._calls_under_way >= CALLS_MAX and not forwarding.is_forwarded.get()

    async def _alone(
        self, method: grpc.aio.UnaryUnaryMultiCallable[Order, Answer], order: Order
    ) -> Answer:
        self._calls_under_way += 1
        try:
            return await call(method, order)
        finally:
            self._calls_under_way -= 1


class QuotaOrders(Protocol):
    """The two orders that come with each model call, and of their answers only what is needed to go
    on. Deadline and errors are those of `QuotaClient`.
    """

    async def hold(self, request: contract.ReserveRequest) -> str:
        """The id of the reservation."""
        ...

    async def account(self, request: contract.SettleRequest) -> None:
        """Returns once the settle is durable."""
        ...


@runtime_checkable
class OffersOrders(Protocol):
    """Quota where it is hosted: its orders spare a call the layers of a remote one."""

    orders: QuotaOrders


class AskedOrders:
    """QuotaOrders by any client, a remote one as well."""

    def __init__(self, quota: QuotaClient) -> None:
        self._quota = quota

    async def hold(self, request: contract.ReserveRequest) -> str:
        return (await self._quota.reserve(request)).reservation_id

    async def account(self, request: contract.SettleRequest) -> None:
        await self._quota.settle(request)


def orders_of(quota: QuotaClient) -> QuotaOrders:
    """Those of the service itself where `quota` stands in this process, else by asking it."""
    hosted = getattr(quota, "hosted", quota)
    return hosted.orders if isinstance(hosted, OffersOrders) else AskedOrders(quota)
