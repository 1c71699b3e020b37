"""Live, sealed, replayed and added up by hand: one report, to the nano-USD."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bursar.efficiency.v1 import efficiency_pb2
from bursar.eventlog.memory import MemoryLog
from bursar.eventlog.stream import StreamId
from bursar_efficiency.service import EfficiencyService
from efficiency_history import BEGAN_NS, DAY_NS, append, naive, random_history

GROUPED = [
    efficiency_pb2.DIMENSION_TENANT,
    efficiency_pb2.DIMENSION_MODEL,
    efficiency_pb2.DIMENSION_LABEL,
]
PERIODS = [
    (0, 2**62),
    (BEGAN_NS + 3 * DAY_NS + 5, BEGAN_NS + 77 * DAY_NS + 11),
    (BEGAN_NS + DAY_NS, BEGAN_NS + DAY_NS + 1),
]


async def opened_log() -> MemoryLog:
    log = MemoryLog()
    for name in ("usage", "tasks", "cache", "plans", "compression"):
        await log.open(StreamId(name))
    return log


@asynccontextmanager
async def running(
    log: MemoryLog, directory: Path | None = None
) -> AsyncIterator[EfficiencyService]:
    service = EfficiencyService(log, directory=directory)
    task = asyncio.create_task(service.run())
    await service.ready()
    try:
        yield service
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def reported(
    service: EfficiencyService, period: tuple[int, int]
) -> efficiency_pb2.ReportResponse:
    return await service.report(
        efficiency_pb2.ReportRequest(
            since_ns=period[0], until_ns=period[1], group_by=GROUPED, label_names=["project"]
        )
    )


def as_sums(totals: efficiency_pb2.Totals) -> dict[str, int]:
    return {
        "calls": totals.calls_made,
        "denied": totals.calls_denied,
        "unknown": totals.calls_unknown,
        "without_price": totals.calls_without_price,
        "input_tokens": totals.usage.input_tokens,
        "cached": totals.usage.cached_input_tokens,
        "output_tokens": totals.usage.output_tokens,
        "cost": totals.cost_nano_usd,
        "saved": totals.cost_saved_nano_usd,
        "saved_tokens": totals.tokens_saved,
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_live_sealed_replayed_and_added_up_by_hand_are_one_report(seed: int, tmp_path: Path):
    log, events = await opened_log(), random_history(seed, calls=300)
    third = len(events) // 3
    async with running(log, tmp_path) as service:
        chain = await append(log, events[:third], None)
        await reported(service, PERIODS[0])
        await service.drain()
        await append(log, events[third : 2 * third], chain)
        await reported(service, PERIODS[0])
        await service.drain()
        await append(log, events[2 * third :], chain)
        live = [await reported(service, period) for period in PERIODS]
    async with running(log, tmp_path) as again, running(log) as cold:
        for period, report in zip(PERIODS, live, strict=True):
            assert await reported(again, period) == report
            assert await reported(cold, period) == report
            expected = naive(events, *period)
            assert {tuple(group.keys) for group in report.groups} == set(expected)
            for group in report.groups:
                sums = as_sums(group.totals)
                assert sums == {name: expected[tuple(group.keys)][name] for name in sums}


async def test_groups_add_up_to_the_whole_to_the_nano_usd():
    log = await opened_log()
    await append(log, random_history(4, calls=200), None)
    async with running(log) as service:
        report = await reported(service, PERIODS[1])

    whole = as_sums(report.totals)
    assert {
        name: sum(as_sums(group.totals)[name] for group in report.groups) for name in whole
    } == whole
    assert report.totals.cost_saved_nano_usd == sum(s.cost_nano_usd for s in report.totals.savings)
    baseline_nano_usd = report.totals.cost_nano_usd + report.totals.cost_saved_nano_usd
    assert report.totals.baseline_nano_usd == baseline_nano_usd


@pytest.mark.parametrize("dimension", efficiency_pb2.Dimension.values()[1:])
async def test_any_dimension_divides_the_whole(dimension: efficiency_pb2.Dimension):
    log = await opened_log()
    await append(log, random_history(5, calls=60), None)
    names = ["env"] if dimension == efficiency_pb2.DIMENSION_LABEL else []
    async with running(log) as service:
        report = await service.report(
            efficiency_pb2.ReportRequest(group_by=[dimension], label_names=names)
        )

    assert sum(group.totals.cost_nano_usd for group in report.groups) == report.totals.cost_nano_usd


async def test_the_dearest_groups_are_answered_where_there_are_more_than_asked_for():
    log = await opened_log()
    await append(log, random_history(6, calls=60), None)
    request = efficiency_pb2.ReportRequest(group_by=[efficiency_pb2.DIMENSION_TASK])
    async with running(log) as service:
        every = await service.report(request)
        request.groups_max = 2
        some = await service.report(request)

    dearest = sorted(every.groups, key=lambda group: -group.totals.cost_nano_usd)[:2]
    assert sorted(map(str, some.groups)) == sorted(map(str, dearest))
    assert some.groups_total == len(every.groups) == 5
    assert some.totals == every.totals


async def test_a_store_that_was_folded_from_another_log_is_not_believed(tmp_path: Path):
    first, other = await opened_log(), await opened_log()
    await append(first, random_history(7, calls=20), None)
    await append(other, random_history(8, calls=30), None)
    async with running(first, tmp_path) as service:
        await reported(service, PERIODS[0])
        await service.drain()

    async with running(other, tmp_path) as again, running(other) as cold:
        assert await reported(again, PERIODS[0]) == await reported(cold, PERIODS[0])


async def test_a_store_that_is_damaged_costs_a_replay_only(tmp_path: Path):
    log = await opened_log()
    await append(log, random_history(9, calls=20), None)
    async with running(log, tmp_path) as service:
        before = await reported(service, PERIODS[0])
        await service.drain()
    (tmp_path / "accounts.duckdb").write_bytes(b"no such thing" * 1_000)

    async with running(log, tmp_path) as again:
        assert await reported(again, PERIODS[0]) == before


async def test_whoever_watches_sees_what_was_added_without_asking_again():
    log, events = await opened_log(), random_history(10, calls=20)
    async with running(log) as service:
        watching = service.watch(efficiency_pb2.WatchRequest(group_by=GROUPED[:2]))
        empty = await anext(watching)
        await append(log, events, None)
        after = await anext(watching)
        asked = await service.report(efficiency_pb2.ReportRequest(group_by=GROUPED[:2]))
        await watching.aclose()

    assert not empty.report.groups
    assert after.report == asked


async def test_a_store_that_another_process_holds_is_not_waited_for(tmp_path: Path):
    log = await opened_log()
    await append(log, random_history(11, calls=20), None)
    holding = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        holding,
        str(tmp_path / "accounts.duckdb"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert holder.stdout is not None
    await holder.stdout.readline()
    try:
        async with running(log, tmp_path) as service, running(log) as cold:
            assert await reported(service, PERIODS[0]) == await reported(cold, PERIODS[0])
    finally:
        await holder.communicate(b"\n")
