"""The orders that come with each model call, for callers in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bursar.clients.quota import AskedOrders, QuotaClient
from bursar.quota.v1 import quota_pb2
from bursar.rpc import deadline
from bursar.rpc.calling import CALL_TIMEOUT_S
from bursar.telemetry import traces
from bursar_quota.domain.answers import Answer
from bursar_quota.domain.commands import Order
from bursar_quota.orders import Kind, held_of
from bursar_quota.session import is_slow

_SERVICE = quota_pb2.DESCRIPTOR.services_by_name["QuotaService"]
_RESERVE = _SERVICE.methods_by_name["Reserve"].full_name
_SETTLE = _SERVICE.methods_by_name["Settle"].full_name


class Decided(Protocol):
    """Gives an order to the writer."""

    async def __call__(
        self, command: Order, *, lingers: bool = False, bound_s: float | None = None
    ) -> Answer: ...


class DirectOrders:
    """Satisfies QuotaOrders: no message is made for an answer, and no task is watched.

    `decided` gives the writer's answer, within a bound. What is more than one look at the limits is
    left to `quota`, as is all that these two do not have.
    """

    def __init__(
        self,
        kinds: dict[str, Kind],
        quota: QuotaClient,
        decided: Decided,
        now_ns: Callable[[], int],
    ) -> None:
        self._reserve, self._settle = kinds["reserve"], kinds["settle"]
        self._asked = AskedOrders(quota)
        self._decided = decided
        self._now_ns = now_ns

    async def hold(self, request: quota_pb2.ReserveRequest) -> str:
        """The id of the reservation."""
        with traces.span(_RESERVE):
            if is_slow(request):
                with deadline.within(CALL_TIMEOUT_S):
                    return await self._asked.hold(request)
            command = self._reserve.command_of(request, self._now_ns())
            answer = await self._decided(command, bound_s=CALL_TIMEOUT_S)
            return held_of(answer, command.stamp.operation_id).reservation_id

    async def account(self, request: quota_pb2.SettleRequest) -> None:
        """Returns once the settle is durable."""
        with traces.span(_SETTLE):
            command = self._settle.command_of(request, self._now_ns())
            lingers = not request.is_awaited
            await self._decided(command, lingers=lingers, bound_s=CALL_TIMEOUT_S)
