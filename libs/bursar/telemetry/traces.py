"""Spans by the OpenTelemetry SDK, made for sampled calls alone and exported only where an endpoint
is set.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from bursar.telemetry import context as trace_context

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

    from bursar.telemetry.context import TraceContext

OTLP_ENDPOINT_VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
EXPORT_TIMEOUT_S = 5

AttributeValue = str | int | float | bool
_NO_SPAN = nullcontext()


class _Tracing:
    """The process' one tracer; absent until `configure` finds somewhere to send spans."""

    tracer: Tracer | None = None
    provider: TracerProvider | None = None


def configure(service_name: str, endpoint: str | None = None) -> bool:
    """Starts OTLP export when an endpoint is given or set in the environment; says whether it did.

    The SDK is imported here, so that a process without export does not pay for it.
    """
    target = endpoint or os.environ.get(OTLP_ENDPOINT_VARIABLE)
    if not target or _Tracing.provider is not None:
        return _Tracing.provider is not None
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service_name}))
    exporter = OTLPSpanExporter(
        endpoint=target, insecure=target.startswith("http://"), timeout=EXPORT_TIMEOUT_S
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _Tracing.provider = provider
    _Tracing.tracer = provider.get_tracer("bursar")
    return True


def shutdown() -> None:
    """Sends what is still buffered, within the exporter's own timeout."""
    if _Tracing.provider is not None:
        _Tracing.provider.shutdown()
        _Tracing.provider = None
        _Tracing.tracer = None


def span(
    name: str, attributes: Mapping[str, AttributeValue] | None = None
) -> AbstractContextManager[None]:
    """One piece of work in the current trace. Unsampled it costs a context look-up, without
    export nothing.
    """
    tracer = _Tracing.tracer
    if tracer is None:
        return _NO_SPAN
    context = trace_context.current()
    if context is None or not context.is_sampled:
        return _NO_SPAN
    return _started(tracer, context, name, attributes or {})


@contextmanager
def _started(
    tracer: Tracer, context: TraceContext, name: str, attributes: Mapping[str, AttributeValue]
) -> Iterator[None]:
    from opentelemetry import trace

    parent = trace.SpanContext(
        trace_id=int.from_bytes(context.trace_id, "big"),
        span_id=int.from_bytes(context.span_id, "big"),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    with tracer.start_as_current_span(
        name,
        context=trace.set_span_in_context(trace.NonRecordingSpan(parent)),
        attributes=dict(attributes),
        record_exception=False,
    ) as started:
        own_span_id = started.get_span_context().span_id.to_bytes(8, "big")
        with trace_context.within(context._replace(span_id=own_span_id)):
            yield
