"""Answers the quota contract: orders by the writer of `usage`, questions from durable state."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import time_ns
from typing import Any, TypeVar

from google.protobuf.message import Message

from bursar.errors import LogBroken, LogUnavailable
from bursar.eventlog.certain import Patience
from bursar.eventlog.decided import DecidedWriter, WriterTerms
from bursar.eventlog.lease import Lease
from bursar.eventlog.log import Cursor, EventLog
from bursar.eventlog.stream import StreamId
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar.rpc import deadline
from bursar_quota import limit_requests, orders, replies, requests
from bursar_quota.alert_delivery import AlertDelivery
from bursar_quota.alert_feed import AlertFeed, raised_after
from bursar_quota.alert_messages import alert_message
from bursar_quota.applying import apply_limits
from bursar_quota.calendar import ZonedCalendar
from bursar_quota.counted_messages import MessageCounts
from bursar_quota.direct_orders import DirectOrders
from bursar_quota.domain.answers import (
    Accounted,
    AccountedSoFar,
    Answer,
    LimitStands,
    Recorded,
)
from bursar_quota.domain.commands import CountLimit, Order
from bursar_quota.domain.events import AlertRaised
from bursar_quota.domain.state import NS_PER_HOUR, NS_PER_S, State
from bursar_quota.domain.terms import Now, Terms
from bursar_quota.pending_limits import Pending, PendingLimits, pending_limits
from bursar_quota.projection import QuotaDecider
from bursar_quota.questions import Questions, Sight
from bursar_quota.reservation_ids import ReservationIds
from bursar_quota.session import Orders, Session, many
from bursar_quota.settings import QuotaSettings
from bursar_quota.snapshots import QuotaWriter, StateSnapshots
from bursar_quota.waiting_line import WaitingLine
from bursar_quota.webhooks import webhooks_of
from bursar_quota.wire import USAGE

View = TypeVar("View")

FREEING = (Accounted, AccountedSoFar, Recorded)  # what was held may be free
ANSWERING_S = 0.2  # of a deadline is kept for the answer of who waited in vain

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the service is given besides its log. `lease`: None where one process leads.
    `snapshots_dir`: None where every start replays the whole log. `alerts_dir`: where it is kept
    which alerts were delivered, and those that no receiver took.
    """

    stream: StreamId = USAGE
    clock: Callable[[], int] = time_ns
    lease: Lease | None = None
    snapshots_dir: Path | None = None
    alerts_dir: Path | None = None
    patience: Patience = field(default_factory=Patience)
    tick_s: float = 0.5  # how often it is looked for what time has caused


class QuotaService:
    """Satisfies QuotaClient and the wiring's Service."""

    def __init__(
        self,
        log: EventLog,
        settings: QuotaSettings | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        settings = settings or QuotaSettings()
        surroundings = surroundings or Surroundings()
        self._log = log
        self._stream = surroundings.stream
        self._reservation_ids = ReservationIds(self._stream.partition)
        self._clock = surroundings.clock
        self._lease_ns = int(settings.lease_s * NS_PER_S)
        self._terms = Terms(
            ZonedCalendar(),
            horizon_ns=settings.horizon_hours * NS_PER_HOUR,
            late_settle_ns=settings.late_settle_days * 24 * NS_PER_HOUR,
        )
        self._decider = QuotaDecider(
            self._terms, lambda: self._writer.epoch, self._stream.partition
        )
        self._writer_terms = WriterTerms(
            clock=surroundings.clock,
            lease=surroundings.lease,
            patience=surroundings.patience,
            queue_commands_max=settings.queue_commands_max,
            tick_s=surroundings.tick_s,
        )
        self._snapshots: StateSnapshots | None = None
        if surroundings.snapshots_dir is not None:
            self._snapshots = StateSnapshots(
                surroundings.snapshots_dir, settings.snapshot_events, self._stream
            )
        self._line = WaitingLine(self._decided)
        self._message_counts = MessageCounts()
        self._alert_feed = AlertFeed()
        sight = Sight(
            log,
            self._stream,
            self._terms,
            self._clock,
            self._seen,
            self.seen_anywhere,
            self._position,
        )
        questions = Questions(sight, self._alert_feed)
        self.list_limits, self.usage = questions.list_limits, questions.usage
        self.check, self.explain = questions.check, questions.explain
        self.forecast = questions.forecast
        self.alerts, self.watch_alerts = questions.alerts, questions.watch_alerts
        self._decider.on_alert = self._alert_feed.raised
        self._delivery = self._delivery_of(settings, surroundings)
        self._pending = PendingLimits(
            (log, self._stream), self._terms.calendar, self._pending_limits, self._count_limit
        )
        self._decider.on_limit = self._pending.made
        self._unanswered = 0
        order_kinds = orders.kinds(self._lease_ns, self._reservation_ids)
        self.orders = DirectOrders(order_kinds, self, self._decided, self._clock)
        self.begin = Orders(order_kinds, self._submit, self.reserve, self._clock).begin
        self._broken: LogBroken | None = None
        self._is_decided = asyncio.Event()  # whether it leads, follows who does, or never will
        self._writer = self._writer_from(State(), Cursor(self._stream))

    async def run(self) -> None:
        """Leads its partition of the `usage` stream, or stands by.

        Goes on when the log turns out not to be what was written: money is then answered by that
        error alone, and what else stands in the process serves on.
        """
        await self._log.open(self._stream)
        if self._snapshots is not None:
            self._decider.archive = self._snapshots.archive
            self._writer = self._writer_from(*await self._snapshots.newest(self._log))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._lead())
                group.create_task(self._tell_when_leading())
                group.create_task(self._tell_when_following())
                group.create_task(self._delivery.run())
                group.create_task(self._pending.run())
                if self._snapshots is not None:
                    group.create_task(self._snapshots.keep(self._writer))
        finally:
            self._is_decided.clear()

    async def ready(self) -> None:
        """Returns once it leads, or has caught up with who does. Raises LogBroken when it never
        will.
        """
        await self._is_decided.wait()
        if self._broken is not None:
            raise self._broken

    def leader_of(self, request: Message) -> str:
        """The address of the replica to ask instead; "" where this one leads or none is known."""
        return "" if self._writer.ready.is_set() else self._writer.leader

    @property
    def waiting(self) -> int:
        """How many reserves wait for a throttle."""
        return self._line.waiting

    async def drain(self) -> None:
        """Until every order that came is answered: each read lets one frame go first."""
        while self._unanswered and self._writer.ready.is_set():
            await self._writer.read(lambda state: None)
        if self._snapshots is not None and self._writer.ready.is_set():
            await self._snapshots.write_at_the_end(self._writer)

    async def put_limit(self, request: quota_pb2.PutLimitRequest) -> quota_pb2.PutLimitResponse:
        answer = await self._decided(limit_requests.put_limit_of(request, self._clock()))
        assert isinstance(answer, LimitStands)
        return replies.limit_stands(answer)

    async def delete_limit(
        self, request: quota_pb2.DeleteLimitRequest
    ) -> quota_pb2.DeleteLimitResponse:
        answer = await self._decided(limit_requests.delete_limit_of(request, self._clock()))
        return quota_pb2.DeleteLimitResponse(position=replies.position_of(answer.number))

    async def apply_limits(
        self, request: quota_pb2.ApplyLimitsRequest
    ) -> quota_pb2.ApplyLimitsResponse:
        return await apply_limits(request, self._seen, self._decided, self._clock())

    async def reserve(self, request: quota_pb2.ReserveRequest) -> quota_pb2.ReserveResponse:
        if request.HasField("messages"):
            request = await self._message_counts.counted(request)
        command = requests.reserve_of(request, self._clock(), self._lease_ns, self._reservation_ids)
        if request.wait_ns:
            wait_s = deadline.remaining_s(request.wait_ns / NS_PER_S + ANSWERING_S) - ANSWERING_S
            answer = await self._line.reserve(command, wait_s, request.priority)
        else:
            answer = await self._decided(command)
        return orders.granted(answer, command.stamp.operation_id)

    async def dispatch(self, request: quota_pb2.DispatchRequest) -> quota_pb2.DispatchResponse:
        answer = await self._decided(requests.dispatch_of(request, self._clock()))
        return quota_pb2.DispatchResponse(position=replies.position_of(answer.number))

    async def settle(self, request: quota_pb2.SettleRequest) -> quota_pb2.SettleResponse:
        command = requests.settle_of(request, self._clock())
        answer = await self._decided(command, lingers=not request.is_awaited)
        return orders.settled(answer, command.stamp.operation_id)

    async def top_up(self, request: quota_pb2.TopUpRequest) -> quota_pb2.TopUpResponse:
        found: quota_pb2.TopUpResponse = await self._ordered("top_up", request)
        return found

    async def extend(self, request: quota_pb2.ExtendRequest) -> quota_pb2.ExtendResponse:
        found: quota_pb2.ExtendResponse = await self._ordered("extend", request)
        return found

    async def adjust(self, request: quota_pb2.AdjustRequest) -> quota_pb2.AdjustResponse:
        found: quota_pb2.AdjustResponse = await self._ordered("adjust", request)
        return found

    async def release(self, request: quota_pb2.ReleaseRequest) -> quota_pb2.ReleaseResponse:
        answer = await self._decided(requests.release_of(request, self._clock()), lingers=True)
        return quota_pb2.ReleaseResponse(position=replies.position_of(answer.number))

    async def record_usage(
        self, request: quota_pb2.RecordUsageRequest
    ) -> quota_pb2.RecordUsageResponse:
        answer = await self._decided(requests.record_usage_of(request, self._clock()), lingers=True)
        return quota_pb2.RecordUsageResponse(position=replies.position_of(answer.number))

    async def reserve_many(
        self, request: quota_pb2.ReserveManyRequest
    ) -> quota_pb2.ReserveManyResponse:
        results = await many(self.begin, "reserve", request.orders)
        return quota_pb2.ReserveManyResponse(results=results)

    async def dispatch_many(
        self, request: quota_pb2.DispatchManyRequest
    ) -> quota_pb2.DispatchManyResponse:
        results = await many(self.begin, "dispatch", request.orders)
        return quota_pb2.DispatchManyResponse(results=results)

    async def settle_many(
        self, request: quota_pb2.SettleManyRequest
    ) -> quota_pb2.SettleManyResponse:
        results = await many(self.begin, "settle", request.orders)
        return quota_pb2.SettleManyResponse(results=results)

    async def release_many(
        self, request: quota_pb2.ReleaseManyRequest
    ) -> quota_pb2.ReleaseManyResponse:
        results = await many(self.begin, "release", request.orders)
        return quota_pb2.ReleaseManyResponse(results=results)

    async def record_usage_many(
        self, request: quota_pb2.RecordUsageManyRequest
    ) -> quota_pb2.RecordUsageManyResponse:
        results = await many(self.begin, "record_usage", request.orders)
        return quota_pb2.RecordUsageManyResponse(results=results)

    def session(
        self, requests: AsyncIterator[quota_pb2.SessionRequest]
    ) -> AsyncIterator[quota_pb2.SessionResponse]:
        return Session(self.begin).results(requests)

    async def _ordered(self, name: str, request: Message) -> Any:  # noqa: ANN401 - by its kind
        """One order by its kind's row; who hangs up does not cancel it."""
        begun = self.begin(name, request)
        await asyncio.wait((begun.answer,))
        return begun.response_of(begun.answer.result())

    async def _lead(self) -> None:
        try:
            await self._writer.run()
        except LogBroken as error:
            _logger.critical("money is not answered any more: %s", error.message)
            self._broken = error
            self._is_decided.set()

    async def _tell_when_leading(self) -> None:
        await self._writer.ready.wait()
        self._is_decided.set()

    async def _tell_when_following(self) -> None:
        """A standby is ready too: it takes any call, and asks the leader."""
        lease = self._writer_terms.lease
        if lease is not None:
            await self._writer.caught_up()
            await lease.led_elsewhere.wait()
            self._is_decided.set()

    def _delivery_of(self, settings: QuotaSettings, surroundings: Surroundings) -> AlertDelivery:
        folder, clock = surroundings.alerts_dir, surroundings.clock
        cursor = None if folder is None else folder / f"delivered-{self._stream.partition:02d}"
        return AlertDelivery(
            self._leading_alerts, webhooks_of(settings, folder, clock), cursor, clock
        )

    async def _pending_limits(self) -> list[Pending]:
        await self._writer.ready.wait()
        return await self._seen(lambda state, now: pending_limits(state))

    async def _count_limit(self, command: CountLimit) -> Answer:
        return await self._writer.submit(command, lingers=True)

    async def _leading_alerts(self, number: int) -> AsyncIterator[quota_pb2.Alert]:
        """As long as this process leads: raises SteppedDown when it does not any more."""
        await self._writer.ready.wait()

        async def look(after: int) -> list[AlertRaised]:
            return await self._seen(lambda state, now: raised_after(state, after))

        async for event in self._alert_feed.watch(number, look):
            yield alert_message(event, self._stream.partition)

    def _writer_from(self, state: State, after: Cursor) -> QuotaWriter:
        return DecidedWriter(self._log, self._decider, state, after, self._writer_terms)

    def _submit(self, command: Order, lingers: bool) -> asyncio.Future[Answer]:
        """For orders that come many at a time."""
        answer = self._writer.submit(command, lingers=lingers)
        self._unanswered += 1
        answer.add_done_callback(self._answered)
        return answer

    def _answered(self, answer: asyncio.Future[Answer]) -> None:
        self._unanswered -= 1
        if answer.cancelled() or isinstance(answer.exception(), LogUnavailable):
            self._decider.grace.failed(self._clock())
        elif self._decider.grace.is_failing:
            self._decider.grace.answered(self._clock())
        self._line.freed()

    async def _decided(
        self, command: Order, *, lingers: bool = False, bound_s: float | None = None
    ) -> Answer:
        self._unanswered += 1
        try:
            future = self._writer.submit(command, lingers=lingers)
            answer = await (future if bound_s is None else deadline.bounded(future, bound_s))
        except LogUnavailable:
            self._decider.grace.failed(self._clock())
            raise
        finally:
            self._unanswered -= 1
        if self._decider.grace.is_failing:
            self._decider.grace.answered(self._clock())
        if isinstance(answer, FREEING):
            self._line.freed()
        return answer

    def has_limit(self, limit_id: str) -> bool:
        """As far as this replica has read; a change that is in flight counts."""
        return limit_id in self._writer.latest.limits

    async def seen_anywhere(self, view: Callable[[State, Now], View]) -> View:
        """As `_seen`, but of a standby too, which may be a little behind: for questions about all
        partitions, not all of which are led from here.
        """
        if self._writer.ready.is_set():
            return await self._seen(view)
        if self._broken is not None:
            raise self._broken
        state = self._writer.state
        return view(state, Now(max(self._clock(), state.now.at_ns), self._terms))

    def _seen(self, view: Callable[[State, Now], View]) -> asyncio.Future[View]:
        """Of durable state, at the clock's time, or the last event's where that is later."""
        now_ns = self._clock()
        return self._writer.read(
            lambda state: view(state, Now(max(now_ns, state.now.at_ns), self._terms))
        )

    def _position(self, state: State) -> ledger_pb2.Position:
        """How far the state reads; asked inside a view, when the cursor is the state's."""
        position = replies.position_of(state.now.event_number)
        position.sequence = self._writer.cursor.sequence
        return position
