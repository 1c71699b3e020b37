"""How planner is asked: it decides how little a task needs."""

from __future__ import annotations

from typing import Protocol

import grpc

from bursar.planner.v1 import planner_pb2 as contract
from bursar.planner.v1 import planner_pb2_grpc as stubs
from bursar.rpc.calling import call


class PlannerClient(Protocol):
    """What planner promises, in process or remote; see protos/bursar/planner/v1."""

    async def plan(self, request: contract.PlanRequest) -> contract.PlanResponse: ...

    async def plan_many(self, request: contract.PlanManyRequest) -> contract.PlanManyResponse: ...

    async def explain(self, request: contract.ExplainRequest) -> contract.ExplainResponse: ...

    async def feedback(self, request: contract.FeedbackRequest) -> contract.FeedbackResponse: ...

    async def simulate(self, request: contract.SimulateRequest) -> contract.SimulateResponse: ...

    async def policies(self, request: contract.PoliciesRequest) -> contract.PoliciesResponse: ...


class RemotePlanner:
    """PlannerClient over gRPC: a deadline on every call, errors as they were raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: stubs.PlannerServiceAsyncStub = stubs.PlannerServiceStub(channel)

    async def plan(self, request: contract.PlanRequest) -> contract.PlanResponse:
        return await call(self._stub.Plan, request)

    async def plan_many(self, request: contract.PlanManyRequest) -> contract.PlanManyResponse:
        return await call(self._stub.PlanMany, request)

    async def explain(self, request: contract.ExplainRequest) -> contract.ExplainResponse:
        return await call(self._stub.Explain, request)

    async def feedback(self, request: contract.FeedbackRequest) -> contract.FeedbackResponse:
        return await call(self._stub.Feedback, request)

    async def simulate(self, request: contract.SimulateRequest) -> contract.SimulateResponse:
        return await call(self._stub.Simulate, request)

    async def policies(self, request: contract.PoliciesRequest) -> contract.PoliciesResponse:
        return await call(self._stub.Policies, request)
