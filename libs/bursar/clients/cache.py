"""How cache is asked: it gives stored answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import grpc

from bursar.cache.v1 import cache_pb2 as contract
from bursar.cache.v1 import cache_pb2_grpc as stubs
from bursar.rpc.calling import call, exchange, stream


class CacheClient(Protocol):
    """What cache promises, in process or remote; see protos/bursar/cache/v1."""

    async def lookup(self, request: contract.LookupRequest) -> contract.LookupResponse: ...

    def lookup_many(
        self, requests: AsyncIterator[contract.LookupManyRequest]
    ) -> AsyncIterator[contract.LookupManyResponse]: ...

    async def lookup_by_meaning(
        self, request: contract.LookupByMeaningRequest
    ) -> contract.LookupByMeaningResponse: ...

    async def claim(self, request: contract.ClaimRequest) -> contract.ClaimResponse: ...

    def await_(self, request: contract.AwaitRequest) -> AsyncIterator[contract.AwaitResponse]: ...

    async def advance(self, request: contract.AdvanceRequest) -> contract.AdvanceResponse: ...

    async def feedback(self, request: contract.FeedbackRequest) -> contract.FeedbackResponse: ...

    async def store(self, request: contract.StoreRequest) -> contract.StoreResponse: ...

    async def invalidate(
        self, request: contract.InvalidateRequest
    ) -> contract.InvalidateResponse: ...

    async def stats(self, request: contract.StatsRequest) -> contract.StatsResponse: ...


class RemoteCache:
    """CacheClient over gRPC: a deadline on every call, errors as they were raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: stubs.CacheServiceAsyncStub = stubs.CacheServiceStub(channel)

    async def lookup(self, request: contract.LookupRequest) -> contract.LookupResponse:
        return await call(self._stub.Lookup, request)

    def lookup_many(
        self, requests: AsyncIterator[contract.LookupManyRequest]
    ) -> AsyncIterator[contract.LookupManyResponse]:
        return exchange(self._stub.LookupMany, requests)

    async def lookup_by_meaning(
        self, request: contract.LookupByMeaningRequest
    ) -> contract.LookupByMeaningResponse:
        return await call(self._stub.LookupByMeaning, request)

    async def claim(self, request: contract.ClaimRequest) -> contract.ClaimResponse:
        return await call(self._stub.Claim, request)

    def await_(self, request: contract.AwaitRequest) -> AsyncIterator[contract.AwaitResponse]:
        return stream(self._stub.Await, request)

    async def advance(self, request: contract.AdvanceRequest) -> contract.AdvanceResponse:
        return await call(self._stub.Advance, request)

    async def feedback(self, request: contract.FeedbackRequest) -> contract.FeedbackResponse:
        return await call(self._stub.Feedback, request)

    async def store(self, request: contract.StoreRequest) -> contract.StoreResponse:
        return await call(self._stub.Store, request)

    async def invalidate(self, request: contract.InvalidateRequest) -> contract.InvalidateResponse:
        return await call(self._stub.Invalidate, request)

    async def stats(self, request: contract.StatsRequest) -> contract.StatsResponse:
        return await call(self._stub.Stats, request)
