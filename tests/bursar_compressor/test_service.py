"""The service compresses, restores and counts, and tells the log of it."""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import asynccontextmanager

import pytest

from bursar.compressor.v1 import compressor_pb2 as contract
from bursar.errors import InvalidRequest, NotFound, Overloaded
from bursar.eventlog.frame import decode
from bursar.events.v1 import compression_pb2, event_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.telemetry import context as trace_context
from bursar.tokens.texts import count_text
from bursar_compressor.service import STREAM, CompressorService
from bursar_compressor.settings import CompressorSettings
from bursar_compressor.workers import AT_ONCE_CHARS_MAX, THREAD_CHARS_MAX
from memory_ground import memory_ground

LOG = "\n".join(f"2026-07-01 12:00:00 INFO step {number} of the run" for number in range(300))
ATTRIBUTION = ledger_pb2.Attribution(tenant_id="acme", task_id="task_1", call_id="call_1")


@asynccontextmanager
async def running(tmp_path, **settings):
    ground = memory_ground(tmp_path)
    service = CompressorService(ground, CompressorSettings.load(**settings))
    async with asyncio.TaskGroup() as group:
        run = group.create_task(service.run())
        await service.ready()
        yield service, ground
        await service.drain()
        run.cancel()


async def events(ground):
    found = []
    tail = await ground.log.tail(STREAM)
    for sequence in range(1, tail.sequence + 1):
        record = await ground.log.get(STREAM, sequence)
        found += map(event_pb2.Event.FromString, decode(record.frame, STREAM, sequence).events)
    return found


def order(content=LOG, **fields):
    return contract.CompressRequest(
        attribution=ATTRIBUTION, content=content, model="gpt-4o", **fields
    )


@pytest.mark.parametrize(
    "size", [AT_ONCE_CHARS_MAX // 2, THREAD_CHARS_MAX // 2, THREAD_CHARS_MAX * 2]
)
async def test_a_target_is_met_at_every_size_and_the_original_comes_back(tmp_path, size):
    content = (LOG * (1 + size // len(LOG)))[:size]
    async with running(tmp_path) as (service, _):
        answer = await service.compress(order(content, target_tokens=400))
        restored = await service.restore(
            contract.RestoreRequest(tenant_id="acme", reference=answer.changes[0].reference)
        )

    assert answer.tokens_before == count_text(content, "gpt-4o").tokens
    assert answer.tokens_after == count_text(answer.content, "gpt-4o").tokens <= 400
    assert answer.kind == contract.CONTENT_KIND_LOG
    assert not answer.is_estimate
    assert answer.changes[0].method == "kinds_of_lines"
    assert answer.changes[0].reference in answer.content
    assert restored.content == content.encode()


async def test_plain_needs_no_reference_and_writes_no_blob(tmp_path):
    content = f"{LOG}\nbetween\n{LOG}"
    async with running(tmp_path) as (service, ground):
        answer = await service.compress(order(content, level=contract.LEVEL_PLAIN))
        address = ground.keyring.blob_address("acme", content.encode())
        with pytest.raises(NotFound):
            await service.restore(
                contract.RestoreRequest(tenant_id="acme", reference=f"blob_{address.hex()}")
            )

    assert answer.tokens_after < answer.tokens_before
    assert {change.reference for change in answer.changes} == {""}


async def test_one_tenant_cannot_restore_what_another_compressed(tmp_path):
    async with running(tmp_path) as (service, _):
        answer = await service.compress(order(target_tokens=400))
        for tenant_id in ("", "acm", "other"):
            with pytest.raises(NotFound):
                await service.restore(
                    contract.RestoreRequest(
                        tenant_id=tenant_id, reference=answer.changes[-1].reference
                    )
                )


async def test_each_compression_is_one_event_that_holds_nothing_of_the_text(tmp_path):
    async with running(tmp_path) as (service, ground):
        with trace_context.within(trace_context.begin(sample_ratio=0.0)) as _:
            trace = trace_context.current()
            answer = await service.compress(order(target_tokens=400, query="secret question"))
        await service.compress(order("nothing to gain here"))
    written = await events(ground)

    assert [event.kind for event in written] == ["compression.applied"]
    event = written[0]
    applied = compression_pb2.CompressionApplied.FromString(event.payload)
    assert (event.tenant_id, event.task_id, event.call_id) == ("acme", "task_1", "call_1")
    assert (event.trace_id, event.span_id) == (trace.trace_id, trace.span_id)
    assert event.skippable
    assert applied.attribution == ATTRIBUTION
    assert applied.level == contract.LEVEL_SAFE
    assert (applied.tokens_before, applied.tokens_after) == (
        answer.tokens_before,
        answer.tokens_after,
    )
    assert [change.elided_parts for change in applied.changes] == [1]
    assert [list(change.elided) for change in applied.changes] == [[]]
    assert b"step" not in event.payload
    assert b"secret" not in event.payload


async def test_counts_say_whose_they_are_and_whether_they_are_estimates(tmp_path):
    async with running(tmp_path) as (service, _):
        exact = await service.count(contract.CountRequest(content=LOG, model="gpt-4o"))
        estimate = await service.count(contract.CountRequest(content=LOG, model="claude-opus-4-1"))

    assert exact == contract.CountResponse(
        tokens=count_text(LOG, "gpt-4o").tokens, encoding="o200k_base"
    )
    assert estimate.is_estimate
    assert estimate.tokens > exact.tokens


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (order(target_tokens=-1), "target_tokens"),
        (order(target_tokens=5), "target_tokens"),
        (order(level=9), "level"),
        (order(kind=99), "kind"),
        (order(protected=[contract.Span(begin_byte=3, end_byte=3)]), "protected"),
    ],
)
async def test_what_cannot_be_done_names_the_field_and_the_remedy(tmp_path, request_, field):
    async with running(tmp_path) as (service, _):
        with pytest.raises(InvalidRequest) as refused:
            await service.compress(request_)

    assert [violation.field for violation in refused.value.violations] == [field]


@pytest.mark.parametrize("content", ["word " * 40_000_000, "漢" * (6 * 1024 * 1024)])
async def test_a_text_that_is_too_large_comes_back_as_it_is_and_the_changes_say_so(
    tmp_path, content
):
    async with running(tmp_path) as (service, _):
        answer = await service.compress(order(content))

    assert answer.content == content
    assert answer.is_estimate
    assert answer.tokens_after == answer.tokens_before > len(content) // 16
    assert [change.summary for change in answer.changes] == ["left as it is: more than 16 MiB"]


async def test_bytes_that_are_no_text_come_back_as_they_are_and_the_changes_say_so(tmp_path):
    content = b"\xff\xfe not text \x80" * 900
    async with running(tmp_path) as (service, _):
        answer = await service.compress(order("", content_bytes=content))

    assert (answer.content, answer.content_bytes) == ("", content)
    assert answer.is_estimate
    assert [change.summary for change in answer.changes] == ["left as it is: not UTF-8"]


async def test_a_part_is_restored_by_itself_and_a_tool_that_fetches_it_comes_with_the_answer(
    tmp_path,
):
    async with running(tmp_path) as (service, _):
        answer = await service.compress(order(target_tokens=400))
        reference = answer.changes[-1].reference
        lines = await service.restore(
            contract.RestoreRequest(tenant_id="acme", reference=reference, part="L2-3")
        )
        some_bytes = await service.restore(
            contract.RestoreRequest(tenant_id="acme", reference=reference, part="B11+8")
        )

    assert lines.content == b"".join(LOG.encode().splitlines(keepends=True)[1:3])
    assert some_bytes.content == b"12:00:00"
    assert answer.restore_tool.name == "bursar_restore"


async def test_a_reference_that_is_none_is_invalid_not_missing(tmp_path):
    async with running(tmp_path) as (service, _):
        with pytest.raises(InvalidRequest):
            await service.restore(contract.RestoreRequest(tenant_id="acme", reference="../etc"))


async def test_more_texts_than_may_wait_are_refused(tmp_path):
    async with running(tmp_path, waiting_max=1) as (service, _):
        first = asyncio.ensure_future(service.compress(order(LOG * 2)))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await service.compress(order(LOG * 3))
        assert (await first).tokens_before


async def test_the_event_loop_goes_on_while_megabytes_are_compressed(tmp_path):
    lags_s = []

    async def ticking() -> None:
        while True:
            began_s = time.perf_counter()
            await asyncio.sleep(0.001)
            lags_s.append(time.perf_counter() - began_s - 0.001)

    async with running(tmp_path) as (service, _):
        ticks = asyncio.ensure_future(ticking())
        answer = await service.compress(order(LOG * 60, target_tokens=1_000))
        ticks.cancel()

    assert answer.tokens_after <= 1_000
    assert len(lags_s) > 100
    assert statistics.median(lags_s) < 0.01
