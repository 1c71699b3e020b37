"""How compressor is asked: it sends fewer tokens."""

from __future__ import annotations

from typing import Protocol

import grpc

from bursar.compressor.v1 import compressor_pb2 as contract
from bursar.compressor.v1 import compressor_pb2_grpc as stubs
from bursar.rpc.calling import call


class CompressorClient(Protocol):
    """What compressor promises, in process or remote; see protos/bursar/compressor/v1."""

    async def compress(self, request: contract.CompressRequest) -> contract.CompressResponse: ...

    async def restore(self, request: contract.RestoreRequest) -> contract.RestoreResponse: ...

    async def count(self, request: contract.CountRequest) -> contract.CountResponse: ...

    async def fit(self, request: contract.FitRequest) -> contract.FitResponse: ...

    async def add_context(
        self, request: contract.AddContextRequest
    ) -> contract.AddContextResponse: ...

    async def build_prompt(
        self, request: contract.BuildPromptRequest
    ) -> contract.BuildPromptResponse: ...

    async def diff(self, request: contract.DiffRequest) -> contract.DiffResponse: ...


class RemoteCompressor:
    """CompressorClient over gRPC: a deadline on every call, errors as they were raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: stubs.CompressorServiceAsyncStub = stubs.CompressorServiceStub(channel)

    async def compress(self, request: contract.CompressRequest) -> contract.CompressResponse:
        return await call(self._stub.Compress, request)

    async def restore(self, request: contract.RestoreRequest) -> contract.RestoreResponse:
        return await call(self._stub.Restore, request)

    async def count(self, request: contract.CountRequest) -> contract.CountResponse:
        return await call(self._stub.Count, request)

    async def fit(self, request: contract.FitRequest) -> contract.FitResponse:
        return await call(self._stub.Fit, request)

    async def add_context(self, request: contract.AddContextRequest) -> contract.AddContextResponse:
        return await call(self._stub.AddContext, request)

    async def build_prompt(
        self, request: contract.BuildPromptRequest
    ) -> contract.BuildPromptResponse:
        return await call(self._stub.BuildPrompt, request)

    async def diff(self, request: contract.DiffRequest) -> contract.DiffResponse:
        return await call(self._stub.Diff, request)
