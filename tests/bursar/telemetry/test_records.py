"""Log records arrive at a real OTLP receiver; without one nothing is made."""

from __future__ import annotations

import asyncio

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc

from bursar.telemetry import records


class Receiver(logs_service_pb2_grpc.LogsServiceServicer):
    """Keeps every record it is sent."""

    def __init__(self) -> None:
        self.records = []

    async def Export(self, request, context):
        for resource in request.resource_logs:
            for scope in resource.scope_logs:
                self.records.extend(scope.log_records)
        return logs_service_pb2.ExportLogsServiceResponse()


async def test_a_record_arrives_with_its_name_time_and_attributes():
    service, server = Receiver(), grpc.aio.server()
    logs_service_pb2_grpc.add_LogsServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    assert records.configure("bursar-test", f"http://127.0.0.1:{port}")
    records.emit("bursar.quota.limit_reached", "all is used", {"bursar.usage_pct": 100.0}, at_ns=7)
    await asyncio.to_thread(records.shutdown)
    await server.stop(None)
    (record,) = service.records
    assert (record.event_name, record.body.string_value) == (
        "bursar.quota.limit_reached",
        "all is used",
    )
    assert (record.time_unix_nano, record.severity_text) == (7, "WARN")
    (attribute,) = record.attributes
    assert (attribute.key, attribute.value.double_value) == ("bursar.usage_pct", 100.0)


def test_without_an_endpoint_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert not records.configure("bursar-test")
    records.emit("name", "body", {}, at_ns=1)
