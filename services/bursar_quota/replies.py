"""Answers as the contract's messages; a refusal as the error it is for its caller."""

from __future__ import annotations

from bursar.errors import LimitExceeded, Throttled
from bursar.ledger.v1 import ledger_pb2
from bursar.quota.v1 import quota_pb2
from bursar_quota.domain.admission import told
from bursar_quota.domain.answers import (
    Accounted,
    AccountedSoFar,
    Enlarged,
    Granted,
    LimitStands,
    Prolonged,
    Refused,
)
from bursar_quota.domain.explaining import Explanation, verdict_of
from bursar_quota.domain.forecasting import LimitForecast
from bursar_quota.domain.limits import Mode
from bursar_quota.domain.meters import AMOUNT_MAX
from bursar_quota.domain.reading import Checked
from bursar_quota.domain.terms import Terms
from bursar_quota.messages import level_message, limit_message, write_amounts
from bursar_quota.wire import USAGE, event_id_of


def position_of(number: int) -> ledger_pb2.Position:
    position = ledger_pb2.Position()
    write_position(number, position)
    return position


def write_position(number: int, position: ledger_pb2.Position) -> None:
    """The event's place; the frame it is in is not known to who decided it."""
    position.stream = USAGE.name
    position.partition = USAGE.partition
    position.event_number = number
    position.event_id = event_id_of(number)


def granted(answer: Granted, operation_id: str) -> quota_pb2.ReserveResponse:
    response = quota_pb2.ReserveResponse(
        operation_id=operation_id,
        reservation_id=answer.reservation_id,
        lease_expires_at_ns=answer.lease_expires_at_ns,
        is_near_limit=answer.is_near_limit,
    )
    write_amounts(answer.held, response.held)
    write_position(answer.number, response.position)
    return response


def limit_exceeded(answer: Refused, operation_id: str) -> LimitExceeded:
    level = answer.level
    kind = Throttled if level.limit.mode is Mode.THROTTLE else LimitExceeded
    return kind(
        answer.reason,
        facts={
            "operation_id": operation_id,
            "limit_id": level.limit.limit_id,
            "meter": level.limit.meter.name.lower(),
            "settled": min(level.settled, AMOUNT_MAX),
            "held": min(level.held, AMOUNT_MAX),
            "requested": answer.requested,
            "amount": level.amount,
            "window_ends_at_ns": level.window.ends_at_ns,
            "event_id": event_id_of(answer.number),
        },
        retry_after_ns=answer.retry_after_ns or None,
    )


def accounted(answer: Accounted) -> quota_pb2.SettleResponse:
    response = quota_pb2.SettleResponse()
    write_amounts(answer.settled, response.settled)
    write_amounts(answer.overrun, response.overrun)
    write_position(answer.number, response.position)
    return response


def accounted_so_far(answer: AccountedSoFar) -> quota_pb2.SettleResponse:
    response = quota_pb2.SettleResponse(
        is_deferred=answer.is_deferred, lease_expires_at_ns=answer.lease_expires_at_ns
    )
    write_amounts(answer.settled, response.settled)
    write_amounts(answer.overrun, response.overrun)
    if not answer.is_deferred:
        write_position(answer.number, response.position)
    return response


def enlarged(answer: Enlarged) -> quota_pb2.TopUpResponse:
    response = quota_pb2.TopUpResponse(is_near_limit=answer.is_near_limit)
    write_amounts(answer.held, response.held)
    write_position(answer.number, response.position)
    return response


def prolonged(answer: Prolonged) -> quota_pb2.ExtendResponse:
    return quota_pb2.ExtendResponse(
        lease_expires_at_ns=answer.lease_expires_at_ns, position=position_of(answer.number)
    )


def limit_stands(answer: LimitStands) -> quota_pb2.PutLimitResponse:
    return quota_pb2.PutLimitResponse(
        limit=limit_message(answer.level.limit),
        position=position_of(answer.number),
        level=level_message(answer.level),
    )


def checked(found: Checked, terms: Terms) -> quota_pb2.CheckResponse:
    response = quota_pb2.CheckResponse(
        is_allowed=found.denial is None,
        levels=[level_message(level) for level in found.levels],
        is_near_limit=found.is_near_limit,
    )
    if found.decided_by is not None:
        response.left = max(0, found.decided_by.available)
        response.decided_by = found.decided_by.limit.limit_id
        response.resets_at_ns = found.decided_by.window.ends_at_ns
    if found.denial is not None:
        response.reason = told(found.denial, terms)
        response.denied_by.CopyFrom(level_message(found.denial.level))
        response.retry_after_ns = found.denial.retry_after_ns
    return response


def explained(found: list[Explanation]) -> quota_pb2.ExplainResponse:
    return quota_pb2.ExplainResponse(
        is_allowed=all(one.denial is None for one in found),
        reason=verdict_of(found),
        limits=[
            quota_pb2.Explanation(
                level=level_message(one.level),
                requested=one.requested,
                is_allowed=one.denial is None,
                reason=one.reason,
                retry_after_ns=0 if one.denial is None else one.denial.retry_after_ns,
            )
            for one in found
        ],
    )


def forecasts(found: list[LimitForecast], as_of: ledger_pb2.Position) -> quota_pb2.ForecastResponse:
    return quota_pb2.ForecastResponse(
        limits=[
            quota_pb2.LimitForecast(
                level=level_message(one.level),
                pace_per_hour=min(one.pace.per_hour, AMOUNT_MAX),
                measured_over_ns=one.pace.measured_over_ns,
                runs_out_at_ns=min(one.runs_out_at_ns, AMOUNT_MAX),
                expected_at_end=min(one.expected_at_end, AMOUNT_MAX),
            )
            for one in found
        ],
        as_of=as_of,
    )
