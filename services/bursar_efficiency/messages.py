"""Totals and audited events as messages of the contract."""

from __future__ import annotations

from bursar.efficiency.v1 import efficiency_pb2
from bursar.events.v1 import event_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar_efficiency.domain import Totals
from bursar_efficiency.summaries import told


def entry_message(
    envelope: event_pb2.Event, position: ledger_pb2.Position, hashed: bytes
) -> efficiency_pb2.AuditEntry:
    """One event of an audit, with the hash of its frame."""
    words = told(envelope)
    return efficiency_pb2.AuditEntry(
        position=position,
        kind=envelope.kind,
        at_ns=envelope.at_ns,
        task_id=envelope.task_id,
        call_id=envelope.call_id,
        trace_id=envelope.trace_id.hex(),
        span_id=envelope.span_id.hex(),
        summary=words.line,
        usage=words.usage,
        cost=words.cost,
        frame_hash=hashed,
        cause_id=envelope.cause_id,
    )


def totals_message(totals: Totals) -> efficiency_pb2.Totals:
    """Totals as the contract has them, savings by cause."""
    return efficiency_pb2.Totals(
        calls_made=totals.calls_made,
        calls_avoided=totals.calls_avoided,
        usage=ledger_pb2.TokenUsage(
            input_tokens=totals.input_tokens,
            cached_input_tokens=totals.cached_input_tokens,
            cache_write_tokens=totals.cache_write_tokens,
            cache_write_1h_tokens=totals.cache_write_1h_tokens,
            output_tokens=totals.output_tokens,
            reasoning_tokens=totals.reasoning_tokens,
            is_estimate=totals.is_estimate,
        ),
        cost_nano_usd=totals.cost_nano_usd,
        calls_without_price=totals.calls_without_price,
        tokens_saved=totals.tokens_saved,
        cost_saved_nano_usd=totals.cost_saved_nano_usd,
        savings=[
            ledger_pb2.Saving(
                cause=ledger_pb2.SavingCause.ValueType(cause),
                input_tokens=saved.input_tokens,
                output_tokens=saved.output_tokens,
                cost_nano_usd=saved.cost_nano_usd,
                is_cost_known=saved.is_cost_known,
            )
            for cause, saved in sorted(totals.saved_by_cause.items())
        ],
        cache_hits=totals.cache_hits,
        cache_misses=totals.cache_misses,
        tasks_completed=totals.tasks_completed,
        tasks_failed=totals.tasks_failed,
        calls_denied=totals.calls_denied,
        calls_unknown=totals.calls_unknown,
        efficiency_rate=totals.efficiency_rate,
        overrun_nano_usd=totals.overrun_nano_usd,
    )
