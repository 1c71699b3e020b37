"""Answers the efficiency contract from what it has folded, and audits from the log itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter

from bursar.efficiency.v1 import efficiency_pb2
from bursar.errors import NotFound
from bursar.eventlog.log import EventLog
from bursar.eventlog.stream import signed_streams
from bursar.rpc import deadline
from bursar_efficiency.books import Books
from bursar_efficiency.domain.facts import Charges, Fact
from bursar_efficiency.domain.totals import totals_of
from bursar_efficiency.frames import Subject, events_of
from bursar_efficiency.messages import entry_message, report_message, totals_message
from bursar_efficiency.requests import report_of, reported
from bursar_efficiency.wire import fact_of

AUDIT_ENTRIES_MAX = 10_000
CATCH_UP_TIMEOUT_S = 5.0
WATCH_PAUSE_S = 0.1


class EfficiencyService:
    """Satisfies EfficiencyClient and the wiring's Service. Holds nothing the log cannot rebuild.

    Columns are kept in `directory`, or in memory where none is given.
    """

    def __init__(
        self, log: EventLog, usage_partitions: int = 1, directory: Path | None = None
    ) -> None:
        self._log = log
        self._books = Books(signed_streams(usage_partitions), directory)
        self._books.folded = self._wake
        self._watching: set[asyncio.Event] = set()
        self._is_open = asyncio.Event()

    async def run(self) -> None:
        """Follows every stream."""
        try:
            await self._books.open(self._log)
            self._is_open.set()
            async with asyncio.TaskGroup() as group:
                for reader in self._books.readers:
                    group.create_task(reader.follow(self._log))
        finally:
            self._books.close()

    async def ready(self) -> None:
        await self._is_open.wait()
        for reader in self._books.readers:
            await reader.caught_up()

    async def drain(self) -> None:
        """Seals what is folded, so that the next start need not read it again."""
        await self._books.seal()

    async def report(self, request: efficiency_pb2.ReportRequest) -> efficiency_pb2.ReportResponse:
        asked = reported(request)
        await self._caught_up_with_the_log()
        return report_message(await self._books.sums(asked.question, asked.groups_max), asked)

    async def watch(
        self, request: efficiency_pb2.WatchRequest
    ) -> AsyncIterator[efficiency_pb2.WatchResponse]:
        asked = reported(report_of(request))
        await self._caught_up_with_the_log()
        wake = asyncio.Event()
        self._watching.add(wake)
        try:
            while True:
                wake.clear()
                began_s = perf_counter()
                sums = await self._books.sums(asked.question, asked.groups_max)
                yield efficiency_pb2.WatchResponse(report=report_message(sums, asked))
                # Whoever watches never takes more than half of the thread that answers.
                await asyncio.sleep(max(WATCH_PAUSE_S, perf_counter() - began_s))
                await wake.wait()
        finally:
            self._watching.discard(wake)

    async def audit(self, request: efficiency_pb2.AuditRequest) -> efficiency_pb2.AuditResponse:
        subject = Subject.of(request)
        await self._caught_up_with_the_log()
        places = await self._books.places(subject.as_bytes)
        charges = Charges()
        entries: list[efficiency_pb2.AuditEntry] = []
        facts: list[Fact] = []
        async for found in events_of(self._log, subject, places):
            if len(entries) == AUDIT_ENTRIES_MAX:
                break
            entries.append(entry_message(found))
            fact = fact_of(found.event)
            if fact is not None:
                facts += charges.counted(fact)
        if not entries:
            raise NotFound(f"the log has nothing of '{subject}'", facts={"subject": str(subject)})
        entries.sort(key=lambda entry: entry.at_ns)
        return efficiency_pb2.AuditResponse(
            entries=entries, totals=totals_message(totals_of(facts))
        )

    def _wake(self) -> None:
        for wake in self._watching:
            wake.set()

    async def _caught_up_with_the_log(self) -> None:
        """A report holds everything that was durable when it was asked for."""
        with deadline.within(CATCH_UP_TIMEOUT_S):
            await self._is_open.wait()
            for reader in self._books.readers:
                tail = await self._log.tail(reader.cursor.stream)
                await reader.reached(tail.sequence)
