"""Sampled calls arrive at a real OTLP receiver with their parents; unsampled ones make no span."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest_asyncio
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bursar.telemetry import traces
from bursar.telemetry.context import begin, current, within


class Receiver(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps every span it is sent."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    async def Export(self, request, context):
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return trace_service_pb2.ExportTraceServiceResponse()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    service = Receiver()
    server = grpc.aio.server()
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    assert traces.configure("bursar-test", f"http://127.0.0.1:{port}")
    yield service
    await server.stop(None)


async def exported(receiver: Receiver) -> list[Span]:
    """All spans, once the exporter has sent what it holds."""
    import asyncio

    await asyncio.to_thread(traces.shutdown)
    return receiver.spans


async def test_nested_work_of_a_sampled_call_arrives_as_parent_and_child(receiver: Receiver):
    trace = begin(sample_ratio=1.0)
    with within(trace), traces.span("outer", {"gen_ai.request.model": "m"}), traces.span("inner"):
        inner_context = current()

    spans = {span.name: span for span in await exported(receiver)}

    assert spans["outer"].trace_id == trace.trace_id == spans["inner"].trace_id
    assert spans["outer"].parent_span_id == trace.span_id
    assert spans["inner"].parent_span_id == spans["outer"].span_id
    assert inner_context is not None and inner_context.span_id == spans["inner"].span_id


async def test_an_unsampled_call_makes_no_span(receiver: Receiver):
    with within(begin(sample_ratio=0.0)), traces.span("work"):
        pass

    assert await exported(receiver) == []


def test_without_an_endpoint_nothing_is_exported_and_spans_are_free(monkeypatch):
    monkeypatch.delenv(traces.OTLP_ENDPOINT_VARIABLE, raising=False)
    assert not traces.configure("bursar-test")
    with within(begin(sample_ratio=1.0)), traces.span("work"):
        assert current() is not None
