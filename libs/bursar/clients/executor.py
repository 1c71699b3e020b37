"""How executor is asked: it does the work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import grpc

from bursar.executor.v1 import executor_pb2 as contract
from bursar.executor.v1 import executor_pb2_grpc as stubs
from bursar.rpc.calling import call, stream


class ExecutorClient(Protocol):
    """What executor promises, in process or remote; see protos/bursar/executor/v1."""

    async def submit(self, request: contract.SubmitRequest) -> contract.SubmitResponse: ...

    async def get(self, request: contract.GetRequest) -> contract.GetResponse: ...

    async def cancel(self, request: contract.CancelRequest) -> contract.CancelResponse: ...

    async def list(self, request: contract.ListRequest) -> contract.ListResponse: ...

    async def approve(self, request: contract.ApproveRequest) -> contract.ApproveResponse: ...

    async def backends(self, request: contract.BackendsRequest) -> contract.BackendsResponse: ...

    def generate(
        self, request: contract.GenerateRequest
    ) -> AsyncIterator[contract.GenerateResponse]: ...

    def watch(self, request: contract.WatchRequest) -> AsyncIterator[contract.WatchResponse]: ...


class RemoteExecutor:
    """ExecutorClient over gRPC: a deadline on every call, errors as they were raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: stubs.ExecutorServiceAsyncStub = stubs.ExecutorServiceStub(channel)

    async def submit(self, request: contract.SubmitRequest) -> contract.SubmitResponse:
        return await call(self._stub.Submit, request)

    async def get(self, request: contract.GetRequest) -> contract.GetResponse:
        return await call(self._stub.Get, request)

    async def cancel(self, request: contract.CancelRequest) -> contract.CancelResponse:
        return await call(self._stub.Cancel, request)

    async def list(self, request: contract.ListRequest) -> contract.ListResponse:
        return await call(self._stub.List, request)

    async def approve(self, request: contract.ApproveRequest) -> contract.ApproveResponse:
        return await call(self._stub.Approve, request)

    async def backends(self, request: contract.BackendsRequest) -> contract.BackendsResponse:
        return await call(self._stub.Backends, request)

    def generate(
        self, request: contract.GenerateRequest
    ) -> AsyncIterator[contract.GenerateResponse]:
        return stream(self._stub.Generate, request)

    def watch(self, request: contract.WatchRequest) -> AsyncIterator[contract.WatchResponse]:
        return stream(self._stub.Watch, request)
