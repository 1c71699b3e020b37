"""How efficiency is asked: it answers who spent what and what it saved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import grpc

from bursar.efficiency.v1 import efficiency_pb2 as contract
from bursar.efficiency.v1 import efficiency_pb2_grpc as stubs
from bursar.rpc.calling import call, stream


class EfficiencyClient(Protocol):
    """What efficiency promises, in process or remote; see protos/bursar/efficiency/v1."""

    async def report(self, request: contract.ReportRequest) -> contract.ReportResponse: ...

    def watch(self, request: contract.WatchRequest) -> AsyncIterator[contract.WatchResponse]: ...

    async def audit(self, request: contract.AuditRequest) -> contract.AuditResponse: ...


class RemoteEfficiency:
    """EfficiencyClient over gRPC: a deadline on every call, errors as they were raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: stubs.EfficiencyServiceAsyncStub = stubs.EfficiencyServiceStub(channel)

    async def report(self, request: contract.ReportRequest) -> contract.ReportResponse:
        return await call(self._stub.Report, request)

    def watch(self, request: contract.WatchRequest) -> AsyncIterator[contract.WatchResponse]:
        return stream(self._stub.Watch, request)

    async def audit(self, request: contract.AuditRequest) -> contract.AuditResponse:
        return await call(self._stub.Audit, request)
