"""Totals and audited events as messages of the contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bursar.efficiency.v1 import efficiency_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar_efficiency.books import Sums
from bursar_efficiency.columns import MEASURES
from bursar_efficiency.domain.facts import Saved
from bursar_efficiency.domain.totals import Totals
from bursar_efficiency.frames import Found
from bursar_efficiency.question import By
from bursar_efficiency.requests import Reported
from bursar_efficiency.store import Groups
from bursar_efficiency.summaries import told

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Key = tuple[int | str, ...]


def entry_message(found: Found) -> efficiency_pb2.AuditEntry:
    """One event of an audit, with the hash of its frame."""
    event, words = found.event, told(found.event)
    return efficiency_pb2.AuditEntry(
        position=found.position,
        kind=event.kind,
        at_ns=event.at_ns,
        task_id=event.task_id,
        call_id=event.call_id,
        trace_id=event.trace_id.hex(),
        span_id=event.span_id.hex(),
        summary=words.line,
        usage=words.usage,
        cost=words.cost,
        frame_hash=found.frame_hash,
        cause_id=event.cause_id,
    )


def report_message(sums: Sums, asked: Reported) -> efficiency_pb2.ReportResponse:
    """The whole, and the groups that cost most, by their keys."""
    by = [dimension.by for dimension in asked.question.dimensions]
    groups = _by_key(sums.groups, len(by))
    [whole] = _by_key(sums.whole, 0).values()
    return efficiency_pb2.ReportResponse(
        totals=totals_message(whole),
        groups=[
            efficiency_pb2.Group(
                keys=[_text(each, part) for each, part in zip(by, key, strict=True)],
                totals=totals_message(groups[key]),
            )
            for key in sorted(groups)
        ],
        as_of=sums.as_of,
        observed_events_lost=sums.observed_events_lost,
        groups_total=sums.groups.total,
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
            is_estimate=totals.estimates > 0,
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
        baseline_nano_usd=totals.cost_nano_usd + totals.cost_saved_nano_usd,
    )


def _by_key(found: Groups, dimensions: int) -> Mapping[Key, Totals]:
    """Totals of each group from its sums and from its savings by cause."""
    groups: defaultdict[Key, Totals] = defaultdict(Totals)
    for row in found.rows:
        groups[row[:dimensions]] = _sums(row[dimensions:])
    for row in found.saved:
        cause, *amounts = map(int, row[dimensions:])
        groups[row[:dimensions]].saved_by_cause[cause] = _saved(cause, amounts)
    return groups


def _sums(measures: Key) -> Totals:
    totals = Totals()
    for name, value in zip(MEASURES, measures, strict=True):
        setattr(totals, name, int(value))
    return totals


def _saved(cause: int, amounts: Sequence[int]) -> Saved:
    input_tokens, output_tokens, cost_nano_usd, unpriced = amounts
    return Saved(cause, input_tokens, output_tokens, cost_nano_usd, unpriced == 0)


def _text(by: By, part: int | str) -> str:
    match by:
        case By.DAY:
            return (EPOCH + timedelta(days=int(part))).date().isoformat()
        case By.HOUR:
            return f"{EPOCH + timedelta(hours=int(part)):%Y-%m-%dT%H}"
    return str(part)
