"""Requests that make, change and delete limits, as orders: checked, with ids and defaults filled
in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from bursar.errors import InvalidRequest, Violation
from bursar.quota.v1 import quota_pb2
from bursar_quota import bounds
from bursar_quota.calendar import is_time_zone
from bursar_quota.domain.commands import DeleteLimit, PutLimit
from bursar_quota.domain.limits import ALERT_PCTS, LIMIT_ID, Limit, ManagedBy, Mode, made_limit_id
from bursar_quota.domain.meters import Meter
from bursar_quota.domain.state import NS_PER_HOUR, NS_PER_S
from bursar_quota.domain.windows import WindowKind
from bursar_quota.messages import selector_of
from bursar_quota.requests import REASON_BYTES_MAX, stamp_of

LIMITS_OF_A_FILE_MAX = 10_000
TIME_ZONE_DEFAULT = "UTC"
ROLLING_NS_MIN = NS_PER_S
ROLLING_NS_MAX = 366 * 24 * NS_PER_HOUR
ALERT_PCTS_MAX = 8
PCT_MAX = 100

Named = TypeVar("Named", Meter, WindowKind, Mode, ManagedBy)


def put_limit_of(request: quota_pb2.PutLimitRequest, now_ns: int) -> PutLimit:
    stamp = stamp_of(b"put_limit ", request, request.operation_id, now_ns)
    bounds.check_text("author", request.author)
    bounds.check_text("reason", request.reason, REASON_BYTES_MAX)
    return PutLimit(
        stamp=stamp,
        limit=checked_limit(request.limit),
        author=request.author,
        reason=request.reason,
    )


def delete_limit_of(request: quota_pb2.DeleteLimitRequest, now_ns: int) -> DeleteLimit:
    stamp = stamp_of(b"delete_limit ", request, request.operation_id, now_ns)
    bounds.check_given_id("limit_id", request.limit_id)
    bounds.check_text("author", request.author)
    bounds.check_text("reason", request.reason, REASON_BYTES_MAX)
    return DeleteLimit(
        stamp=stamp,
        limit_id=request.limit_id,
        author=request.author,
        reason=request.reason,
    )


def checked_limit(message: quota_pb2.Limit) -> Limit:
    """The limit as it will hold: its id made where none is given, its defaults filled in."""
    selector = selector_of(message.selector)
    bounds.check_selector(selector)
    meter = _named("limit.meter", message.meter, Meter)
    window = _window(message, meter)
    bounds.check_amount("limit.amount", message.amount)
    time_zone = message.time_zone or TIME_ZONE_DEFAULT
    if not is_time_zone(time_zone):
        remedy = "name an IANA zone such as Europe/Berlin, or none for UTC"
        raise InvalidRequest.of("limit.time_zone", time_zone, remedy)
    limit_id = message.limit_id or made_limit_id(selector, meter, window, message.rolling_ns)
    if not LIMIT_ID.fullmatch(limit_id):
        remedy = "use 1 to 128 letters, digits and . _ - /"
        raise InvalidRequest.of("limit.limit_id", limit_id, remedy)
    return Limit(
        limit_id,
        selector,
        meter,
        window,
        message.amount,
        _named("limit.mode", message.mode or Mode.HARD, Mode),
        time_zone,
        _named("limit.managed_by", message.managed_by or ManagedBy.API, ManagedBy),
        message.rolling_ns,
        _carry_over_max(message, window),
        _alert_pcts(message),
        _confidence_pct(message),
    )


def _window(message: quota_pb2.Limit, meter: Meter) -> WindowKind:
    """Concurrent reservations are counted over a lifetime, which may go without saying."""
    number, rolling_ns = message.window, message.rolling_ns
    is_concurrent = meter is Meter.CONCURRENT_RESERVATIONS
    if is_concurrent and number not in (0, WindowKind.LIFETIME):
        remedy = "leave it out: concurrent reservations are counted at each moment"
        raise InvalidRequest.of("limit.window", WindowKind(number).name.lower(), remedy)
    window = WindowKind.LIFETIME if is_concurrent else _named("limit.window", number, WindowKind)
    if window is not WindowKind.ROLLING:
        if rolling_ns:
            raise InvalidRequest.of("limit.rolling_ns", rolling_ns, "0 for any but rolling windows")
    elif not ROLLING_NS_MIN <= rolling_ns <= ROLLING_NS_MAX:
        remedy = "give the window's length, from 1 s to 366 days"
        raise InvalidRequest.of("limit.rolling_ns", rolling_ns, remedy)
    return window


def _carry_over_max(message: quota_pb2.Limit, window: WindowKind) -> int:
    bounds.check_amount("limit.carry_over_max", message.carry_over_max)
    if message.carry_over_max and window in (WindowKind.LIFETIME, WindowKind.ROLLING):
        remedy = "0 for windows that have none before them: use a calendar window"
        raise InvalidRequest.of("limit.carry_over_max", message.carry_over_max, remedy)
    bounds.check_amount("limit: amount and carry-over", message.amount + message.carry_over_max)
    return message.carry_over_max


def _alert_pcts(message: quota_pb2.Limit) -> tuple[int, ...]:
    """In rising order, each once."""
    pcts = tuple(sorted(set(message.alert_pcts))) or ALERT_PCTS
    if len(pcts) > ALERT_PCTS_MAX:
        raise InvalidRequest.of("limit.alert_pcts", len(pcts), f"give at most {ALERT_PCTS_MAX}")
    for pct in pcts:
        if not 1 <= pct <= PCT_MAX:
            raise InvalidRequest.of("limit.alert_pcts", pct, "give whole percentages, 1 to 100")
    return pcts


def _confidence_pct(message: quota_pb2.Limit) -> int:
    pct = message.confidence_pct
    if pct > PCT_MAX:
        raise InvalidRequest.of("limit.confidence_pct", pct, "give 1 to 100, or 0 for one you set")
    return pct


def limits_of_a_file(messages: Iterable[quota_pb2.Limit]) -> list[Limit]:
    """Each as it will hold, managed by a file. Raises InvalidRequest naming its place, and for an
    id that comes twice.
    """
    found: dict[str, Limit] = {}
    for place, message in enumerate(messages):
        if place >= LIMITS_OF_A_FILE_MAX:
            raise InvalidRequest.of("limits", place + 1, f"give at most {LIMITS_OF_A_FILE_MAX}")
        field = f"limits[{place}]"
        limit = _of_a_file(field, message)
        if limit.limit_id in found:
            remedy = "it is there twice: give one of them an id of its own, or leave it out"
            raise InvalidRequest.of(f"{field}.limit_id", limit.limit_id, remedy)
        found[limit.limit_id] = limit
    return list(found.values())


def _of_a_file(field: str, message: quota_pb2.Limit) -> Limit:
    own = quota_pb2.Limit()
    own.CopyFrom(message)
    if own.managed_by == quota_pb2.MANAGED_BY_API:
        remedy = "leave it out: what is applied is managed by its file"
        raise InvalidRequest.of(f"{field}.managed_by", "api", remedy)
    own.managed_by = quota_pb2.MANAGED_BY_FILE
    try:
        return checked_limit(own)
    except InvalidRequest as error:
        violations = tuple(
            Violation(f"{field}{one.field.removeprefix('limit')}", one.value, one.remedy)
            for one in error.violations
        )
        raise InvalidRequest("; ".join(map(str, violations)), violations=violations) from None


def _named(field: str, number: int, names: Callable[[int], Named]) -> Named:
    try:
        return names(number)
    except ValueError:
        known = ", ".join(name.name.lower() for name in names)  # type: ignore[attr-defined]
        raise InvalidRequest.of(field, number, f"give one of: {known}") from None
