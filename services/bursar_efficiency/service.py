"""Answers the efficiency contract from what it has folded, and audits from the log itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from bursar.efficiency.v1 import efficiency_pb2
from bursar.errors import InvalidRequest, LogBroken, NotFound
from bursar.eventlog.frame import Frame, decode, frame_hash
from bursar.eventlog.log import EventLog
from bursar.eventlog.stream import StreamId, signed_streams
from bursar.events.v1 import event_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.rpc import deadline
from bursar_efficiency.domain import Charges, Fact, day_of, grouped, totals_of
from bursar_efficiency.messages import entry_message, totals_message
from bursar_efficiency.projection import Accounts, Place, StreamReader
from bursar_efficiency.wire import fact_of

AUDIT_ENTRIES_MAX = 10_000
GROUPS_MAX = 100_000
CATCH_UP_TIMEOUT_S = 5.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_KEYS: dict[int, Callable[[Fact], str]] = {
    efficiency_pb2.DIMENSION_TENANT: lambda fact: fact.who.tenant_id,
    efficiency_pb2.DIMENSION_TEAM: lambda fact: fact.who.team_id,
    efficiency_pb2.DIMENSION_USER: lambda fact: fact.who.user_id,
    efficiency_pb2.DIMENSION_KEY: lambda fact: fact.who.key_id,
    efficiency_pb2.DIMENSION_TASK: lambda fact: fact.who.task_id,
    efficiency_pb2.DIMENSION_AGENT: lambda fact: fact.who.agent_id,
    efficiency_pb2.DIMENSION_PROVIDER: lambda fact: fact.who.provider,
    efficiency_pb2.DIMENSION_MODEL: lambda fact: fact.who.model,
    efficiency_pb2.DIMENSION_TIER: lambda fact: fact.who.tier,
    efficiency_pb2.DIMENSION_DAY: lambda fact: (
        (EPOCH + timedelta(days=day_of(fact.at_ns))).date().isoformat()
    ),
}


class EfficiencyService:
    """Satisfies EfficiencyClient and the wiring's Service. Holds nothing the log cannot rebuild."""

    def __init__(self, log: EventLog, usage_partitions: int = 1) -> None:
        self._log = log
        self._accounts = Accounts()
        self._readers = [
            StreamReader(stream, self._accounts) for stream in signed_streams(usage_partitions)
        ]
        self._is_attached = asyncio.Event()

    async def run(self) -> None:
        """Follows every stream."""
        async with asyncio.TaskGroup() as group:
            for reader in self._readers:
                group.create_task(reader.follow(self._log))

    async def ready(self) -> None:
        for reader in self._readers:
            await reader.caught_up()

    async def drain(self) -> None:
        """Nothing is in flight in a projection."""

    async def report(self, request: efficiency_pb2.ReportRequest) -> efficiency_pb2.ReportResponse:
        await self._caught_up_with_the_log()
        unknown = [name for name in request.group_by if name not in _KEYS]
        if unknown:
            raise InvalidRequest.of("group_by", unknown[0], "name a dimension of the contract")
        if request.until_ns and request.until_ns <= request.since_ns:
            raise InvalidRequest.of("until_ns", request.until_ns, "give an instant after since_ns")
        facts = list(self._chosen(request))
        groups = grouped(facts, [_KEYS[name] for name in request.group_by])
        if len(groups) > GROUPS_MAX:
            raise InvalidRequest.of(
                "group_by", f"{len(groups)} groups", "group by fewer dimensions"
            )
        return efficiency_pb2.ReportResponse(
            totals=totals_message(totals_of(facts)),
            groups=[
                efficiency_pb2.Group(keys=keys, totals=totals_message(totals))
                for keys, totals in sorted(groups.items())
            ]
            if request.group_by
            else (),
            as_of=[
                ledger_pb2.Position(
                    stream=reader.cursor.stream.name,
                    partition=reader.cursor.stream.partition,
                    sequence=reader.cursor.sequence,
                )
                for reader in self._readers
            ],
            observed_events_lost=sum(
                reader.writers.missing_events for reader in self._readers if reader.writers
            ),
        )

    def _chosen(self, request: efficiency_pb2.ReportRequest) -> Iterator[Fact]:
        until_ns = request.until_ns or 2**63
        for fact in self._accounts.facts:
            if not request.since_ns <= fact.at_ns < until_ns:
                continue
            if not request.tenant_id or fact.who.tenant_id == request.tenant_id:
                yield fact

    async def _caught_up_with_the_log(self) -> None:
        """A report holds everything that was durable when it was asked for."""
        with deadline.within(CATCH_UP_TIMEOUT_S):
            for reader in self._readers:
                tail = await self._log.tail(reader.cursor.stream)
                await reader.reached(tail.sequence)

    async def audit(self, request: efficiency_pb2.AuditRequest) -> efficiency_pb2.AuditResponse:
        await self._caught_up_with_the_log()
        subject, places = self._places(request)
        if not places:
            raise NotFound(f"the log has nothing of {subject!r}", facts={"subject": subject})
        charges = Charges()
        entries: list[efficiency_pb2.AuditEntry] = []
        facts: list[Fact] = []
        frames: dict[tuple[StreamId, int], tuple[Frame, bytes]] = {}
        for place in places[:AUDIT_ENTRIES_MAX]:
            envelope, position, hashed = await self._read(place, frames)
            if request.tenant_id and envelope.tenant_id != request.tenant_id:
                continue
            entries.append(entry_message(envelope, position, hashed))
            fact = fact_of(envelope)
            if fact is not None:
                facts += charges.counted(fact)
        if not entries:
            raise NotFound(f"the log has nothing of {subject!r}", facts={"subject": subject})
        entries.sort(key=lambda entry: entry.at_ns)
        return efficiency_pb2.AuditResponse(
            entries=entries, totals=totals_message(totals_of(facts))
        )

    def _places(self, request: efficiency_pb2.AuditRequest) -> tuple[str, list[Place]]:
        match request.WhichOneof("subject"):
            case "task_id":
                return request.task_id, self._accounts.by_task.get(request.task_id, [])
            case "call_id":
                return request.call_id, self._accounts.by_call.get(request.call_id, [])
            case "trace_id":
                return request.trace_id, self._of_trace(request.trace_id)
        raise InvalidRequest.of("subject", "none", "name a task, a call or a trace")

    def _of_trace(self, trace_id: str) -> list[Place]:
        try:
            return self._accounts.by_trace.get(bytes.fromhex(trace_id), [])
        except ValueError:
            raise InvalidRequest.of("trace_id", trace_id, "give 32 hexadecimal digits") from None

    async def _read(
        self, place: Place, frames: dict[tuple[StreamId, int], tuple[Frame, bytes]]
    ) -> tuple[event_pb2.Event, ledger_pb2.Position, bytes]:
        key = (place.stream, place.sequence)
        if key not in frames:
            record = await self._log.get(place.stream, place.sequence)
            if record is None:
                raise LogBroken(
                    f"frame {place.sequence} of {place.stream.name} is gone",
                    facts={"stream": place.stream.name, "sequence": place.sequence},
                )
            frame = decode(record.frame, place.stream, place.sequence)
            frames[key] = (frame, frame_hash(record.frame))
        frame, hashed = frames[key]
        envelope = event_pb2.Event.FromString(frame.events[place.index])
        position = ledger_pb2.Position(
            stream=place.stream.name,
            partition=place.stream.partition,
            sequence=place.sequence,
            event_number=frame.header.first_event_number + place.index,
            event_id=envelope.event_id,
        )
        return envelope, position, hashed
