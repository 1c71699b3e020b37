"""Log records by the OpenTelemetry SDK, for what operators are told of; exported only where an
endpoint is set.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bursar.telemetry.traces import EXPORT_TIMEOUT_S, OTLP_ENDPOINT_VARIABLE, AttributeValue

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LoggerProvider


class _Recording:
    """The process' one provider; absent until `configure` finds somewhere to send records."""

    provider: LoggerProvider | None = None


def configure(service_name: str, endpoint: str | None = None) -> bool:
    """Starts OTLP export when an endpoint is given or set in the environment; says whether it did.

    The SDK is imported here, so that a process without export does not pay for it.
    """
    target = endpoint or os.environ.get(OTLP_ENDPOINT_VARIABLE)
    if not target or _Recording.provider is not None:
        return _Recording.provider is not None
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    provider = LoggerProvider(resource=Resource.create({"service.name": service_name}))
    exporter = OTLPLogExporter(
        endpoint=target, insecure=target.startswith("http://"), timeout=EXPORT_TIMEOUT_S
    )
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    _Recording.provider = provider
    return True


def shutdown() -> None:
    """Sends what is still buffered, within the exporter's own timeout."""
    if _Recording.provider is not None:
        _Recording.provider.shutdown()
        _Recording.provider = None


def emit(name: str, body: str, attributes: Mapping[str, AttributeValue], *, at_ns: int) -> None:
    """A warning of what happened at that time; nothing without an endpoint."""
    if _Recording.provider is None:
        return
    from opentelemetry._logs import SeverityNumber

    _Recording.provider.get_logger("bursar").emit(
        timestamp=at_ns,
        severity_number=SeverityNumber.WARN,
        severity_text="WARN",
        event_name=name,
        body=body,
        attributes=dict(attributes),
    )
