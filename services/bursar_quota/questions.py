"""What can be asked of quota without anything happening: answered from durable state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bursar.errors import InvalidRequest
from bursar.eventlog.log import EventLog
from bursar.eventlog.stream import StreamId
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota import replies, requests
from bursar_quota.alert_feed import AlertFeed, raised_after
from bursar_quota.alert_messages import alert_message
from bursar_quota.bounds import check_id
from bursar_quota.domain import reading
from bursar_quota.domain.events import AlertRaised
from bursar_quota.domain.explaining import explain
from bursar_quota.domain.forecasting import forecast
from bursar_quota.domain.state import State
from bursar_quota.domain.terms import Now, Terms
from bursar_quota.dump import digest
from bursar_quota.messages import level_message
from bursar_quota.replay import Until, state_at

View = TypeVar("View")


class Seen(Protocol):
    """What a view gives of durable state, now."""

    def __call__(self, view: Callable[[State, Now], View], /) -> Awaitable[View]: ...


@dataclass(frozen=True, slots=True)
class Sight:
    """What is looked at. `seen_anywhere` may be a little behind, and is answered by a standby too.
    `position` tells how far a state reads; asked inside a view.
    """

    log: EventLog
    stream: StreamId
    terms: Terms
    clock: Callable[[], int]
    seen: Seen
    seen_anywhere: Seen
    position: Callable[[State], ledger_pb2.Position]


class Questions:
    """Each as the contract has it."""

    def __init__(self, sight: Sight, feed: AlertFeed) -> None:
        self._sight = sight
        self._feed = feed

    async def list_limits(
        self, request: quota_pb2.ListLimitsRequest
    ) -> quota_pb2.ListLimitsResponse:
        check_id("tenant_id", request.tenant_id)
        tenant_id = request.tenant_id
        levels = await self._sight.seen(
            lambda state, now: reading.levels_of_tenant(state, tenant_id, now)
        )
        return quota_pb2.ListLimitsResponse(levels=[level_message(level) for level in levels])

    async def check(self, request: quota_pb2.CheckRequest) -> quota_pb2.CheckResponse:
        asked = requests.asked_of(request.attribution, request.target, request.amounts)
        found = await self._sight.seen(lambda state, now: reading.check(state, *asked, now))
        return replies.checked(found, self._sight.terms)

    async def explain(self, request: quota_pb2.ExplainRequest) -> quota_pb2.ExplainResponse:
        asked = requests.asked_of(request.attribution, request.target, request.amounts)
        found = await self._sight.seen(lambda state, now: explain(state, *asked, now))
        return replies.explained(found)

    async def forecast(self, request: quota_pb2.ForecastRequest) -> quota_pb2.ForecastResponse:
        named = requests.named_of(request.attribution, request.target)

        def view(state: State, now: Now) -> quota_pb2.ForecastResponse:
            levels = reading.levels_agreeing(state, *named, now)
            return replies.forecasts(forecast(state, levels, now.ns), self._sight.position(state))

        return await self._sight.seen(view)

    async def alerts(self, request: quota_pb2.AlertsRequest) -> quota_pb2.AlertsResponse:
        check_id("tenant_id", request.tenant_id)
        after, tenant_id = request.after_event_number, request.tenant_id
        found = await self._sight.seen(lambda state, now: raised_after(state, after, tenant_id))
        return quota_pb2.AlertsResponse(
            alerts=[alert_message(event, self._sight.stream.partition) for event in found]
        )

    async def watch_alerts(
        self, request: quota_pb2.WatchAlertsRequest
    ) -> AsyncIterator[quota_pb2.WatchAlertsResponse]:
        check_id("tenant_id", request.tenant_id)
        tenant_id = request.tenant_id

        async def look(number: int) -> list[AlertRaised]:
            return await self._sight.seen_anywhere(
                lambda state, now: raised_after(state, number, tenant_id)
            )

        async for event in self._feed.watch(request.after_event_number, look):
            alert = alert_message(event, self._sight.stream.partition)
            yield quota_pb2.WatchAlertsResponse(alert=alert)

    async def usage(self, request: quota_pb2.UsageRequest) -> quota_pb2.UsageResponse:
        named = requests.named_of(request.attribution, request.target)

        def view(state: State, now: Now) -> quota_pb2.UsageResponse:
            levels = reading.levels_agreeing(state, *named, now)
            return quota_pb2.UsageResponse(
                levels=[level_message(level) for level in levels],
                as_of=self._sight.position(state),
                state_digest=digest(state) if request.with_state_digest else b"",
            )

        if request.as_of_ns or request.as_of_event_number:
            return await self._past(request, view)
        return await self._sight.seen(view)

    async def _past(
        self,
        request: quota_pb2.UsageRequest,
        view: Callable[[State, Now], quota_pb2.UsageResponse],
    ) -> quota_pb2.UsageResponse:
        """From the log alone, in a time in proportion to its length up to there."""
        until = _until(request, self._sight.clock())
        state = await state_at(self._sight.log, self._sight.stream, until, lambda frames: None)
        at_ns = request.as_of_ns or state.now.at_ns
        response = view(state, Now(at_ns, self._sight.terms))
        response.as_of.sequence = 0  # the frame is not known of a replay by events
        return response


def _until(request: quota_pb2.UsageRequest, now_ns: int) -> Until:
    at_ns, number = request.as_of_ns, request.as_of_event_number
    if at_ns and number:
        raise InvalidRequest.of("as_of_ns", at_ns, "give a time or an event's number, not both")
    if not 0 <= at_ns <= now_ns:
        raise InvalidRequest.of("as_of_ns", at_ns, "name a time that has come")
    return Until(number=number) if number else Until(at_ns=at_ns)
