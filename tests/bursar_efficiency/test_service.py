"""Efficiency answers from the log alone: what was durable when it was asked is in the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bursar.efficiency.v1 import efficiency_pb2
from bursar.errors import InvalidRequest, NotFound
from bursar.eventlog.envelope import Origin, observed_event
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.observed import ObservedWriter
from bursar.eventlog.stream import StreamId
from bursar.events.v1 import cache_pb2, usage_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar_efficiency.columns import MEASURES
from bursar_efficiency.projection import Accounts
from bursar_efficiency.service import EfficiencyService

TRACE = bytes(range(16))


def hit(tokens: int, tenant_id: str = "default", task_id: str = "task_1") -> bytes:
    payload = cache_pb2.CacheHit(
        attribution=ledger_pb2.Attribution(tenant_id=tenant_id, task_id=task_id),
        target=ledger_pb2.Target(provider="anthropic", model="claude"),
        saved_usage=ledger_pb2.TokenUsage(input_tokens=tokens),
        saved_cost=ledger_pb2.Cost(total_nano_usd=tokens * 3_000, is_known=True),
    )
    origin = Origin(tenant_id, task_id=task_id, trace_id=TRACE)
    return observed_event("cache.hit", payload.SerializeToString(), origin, at_ns=1_000)


@pytest_asyncio.fixture
async def log() -> AsyncIterator[MemoryLog]:
    memory = MemoryLog()
    for name in ("usage", "tasks", "cache", "plans", "compression"):
        await memory.open(StreamId(name))
    yield memory
    await memory.close()


@pytest_asyncio.fixture
async def service(log: MemoryLog) -> AsyncIterator[EfficiencyService]:
    efficiency = EfficiencyService(log)
    task = asyncio.create_task(efficiency.run())
    await efficiency.ready()
    yield efficiency
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def written(log: MemoryLog, *events: bytes) -> None:
    """Appends the events as one writer of the cache stream would, and waits until they are
    durable.
    """
    writer = ObservedWriter(log, StreamId("cache"))
    running = asyncio.create_task(writer.run())
    for event in events:
        writer.write(event)
    writer.close()
    await running


async def test_a_report_holds_what_was_durable_when_it_was_asked_for(service, log):
    await written(log, hit(100), hit(50))

    report = await service.report(efficiency_pb2.ReportRequest())

    assert report.totals.cache_hits == 2
    assert report.totals.tokens_saved == 150
    assert report.totals.cost_saved_nano_usd == 450_000


async def test_a_cold_replay_reports_what_the_live_service_reports(service, log):
    await written(log, hit(1), hit(2, tenant_id="other"))
    request = efficiency_pb2.ReportRequest(group_by=[efficiency_pb2.DIMENSION_TENANT])
    live = await service.report(request)

    cold = EfficiencyService(log)
    task = asyncio.create_task(cold.run())
    await cold.ready()
    replayed = await cold.report(request)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert replayed == live
    assert [list(group.keys) for group in live.groups] == [["default"], ["other"]]


async def test_a_tenant_sees_its_own_alone(service, log):
    await written(log, hit(1), hit(2, tenant_id="other"))

    report = await service.report(efficiency_pb2.ReportRequest(tenant_id="other"))

    assert report.totals.tokens_saved == 2


async def test_an_audit_names_place_and_frame_of_each_event_of_a_task(service, log):
    await written(log, hit(7), hit(8, task_id="task_2"))

    audit = await service.audit(efficiency_pb2.AuditRequest(task_id="task_1"))

    [entry] = audit.entries
    assert (entry.kind, entry.position.stream) == ("cache.hit", "cache")
    assert entry.position.event_number == 1
    assert len(entry.frame_hash) == 32
    assert audit.totals.tokens_saved == 7


async def test_an_audit_by_trace_finds_every_event_of_it(service, log):
    await written(log, hit(7), hit(8, task_id="task_2"))

    audit = await service.audit(efficiency_pb2.AuditRequest(trace_id=TRACE.hex()))

    assert len(audit.entries) == 2


async def test_another_tenants_task_is_as_unknown_as_one_that_never_was(service, log):
    await written(log, hit(7))

    with pytest.raises(NotFound):
        await service.audit(efficiency_pb2.AuditRequest(tenant_id="x", task_id="task_1"))
    with pytest.raises(NotFound):
        await service.audit(efficiency_pb2.AuditRequest(task_id="task_none"))


async def test_a_period_that_ends_before_it_begins_is_refused_by_name(service):
    with pytest.raises(InvalidRequest, match="until_ns"):
        await service.report(efficiency_pb2.ReportRequest(since_ns=5, until_ns=5))


def sums_of(accounts: Accounts) -> dict[str, int]:
    columns = list(zip(*accounts.batch.rows, strict=True))[3:]
    return dict(zip(MEASURES, map(sum, columns), strict=True))


def usage_event(kind: str, payload) -> bytes:
    origin = Origin("default", task_id="task_1")
    return observed_event(kind, payload.SerializeToString(), origin, at_ns=1_000)


def test_a_call_charged_at_its_expiry_and_settled_late_counts_once():
    who = ledger_pb2.Attribution(tenant_id="default")
    target = ledger_pb2.Target(provider="p", model="m", tier=ledger_pb2.BACKEND_TIER_PAID_API)
    charged = ledger_pb2.Amounts(
        requests=1, input_tokens=100, output_tokens=900, cost_nano_usd=5_000
    )
    expired = usage_pb2.Expired(
        reservation_id="r", is_charged=True, attribution=who, target=target, charged=charged
    )
    settled = usage_pb2.Settled(
        reservation_id="r",
        attribution=who,
        target=target,
        usage=ledger_pb2.TokenUsage(input_tokens=90, output_tokens=10),
        cost=ledger_pb2.Cost(total_nano_usd=700, is_known=True),
        is_late=True,
    )
    accounts = Accounts()
    accounts.take(usage_event("usage.expired", expired), 0, 1)
    before = sums_of(accounts)
    assert (before["calls_unknown"], before["cost_nano_usd"]) == (1, 5_000)

    accounts.take(usage_event("usage.settled", settled), 0, 2)

    after = sums_of(accounts)
    assert (after["calls_made"], after["calls_unknown"], after["cost_nano_usd"]) == (1, 0, 700)
    assert (after["input_tokens"], after["output_tokens"], after["estimates"]) == (90, 10, 0)
