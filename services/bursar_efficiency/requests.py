"""Requests of the contract as questions, checked."""

from __future__ import annotations

from dataclasses import dataclass

from bursar.efficiency.v1 import efficiency_pb2
from bursar.errors import InvalidRequest
from bursar_efficiency.question import FOREVER_NS, By, Dimension, Question

GROUPS_DEFAULT = 1_000
GROUPS_MAX = 10_000
DIMENSIONS_MAX = 6

_BY = {
    number: By[name.removeprefix("DIMENSION_")]
    for name, number in efficiency_pb2.Dimension.items()
    if number
}


@dataclass(frozen=True, slots=True)
class Reported:
    """A question, and how many of its groups are answered."""

    question: Question
    groups_max: int


def reported(request: efficiency_pb2.ReportRequest) -> Reported:
    """Raises InvalidRequest, naming the field."""
    until_ns = min(request.until_ns or FOREVER_NS, FOREVER_NS)
    if until_ns <= request.since_ns:
        raise InvalidRequest.of("until_ns", request.until_ns, "give an instant after since_ns")
    if not 0 <= request.groups_max <= GROUPS_MAX:
        raise InvalidRequest.of("groups_max", request.groups_max, f"give at most {GROUPS_MAX}")
    question = Question(
        tenant_id=request.tenant_id,
        since_ns=max(0, request.since_ns),
        until_ns=until_ns,
        dimensions=_dimensions(request),
    )
    return Reported(question, request.groups_max or GROUPS_DEFAULT)


def report_of(request: efficiency_pb2.WatchRequest) -> efficiency_pb2.ReportRequest:
    """What is watched, as one report."""
    return efficiency_pb2.ReportRequest(
        tenant_id=request.tenant_id,
        since_ns=request.since_ns,
        group_by=request.group_by,
        label_names=request.label_names,
        groups_max=request.groups_max,
    )


def _dimensions(request: efficiency_pb2.ReportRequest) -> tuple[Dimension, ...]:
    if len(request.group_by) > DIMENSIONS_MAX:
        remedy = f"group by at most {DIMENSIONS_MAX} dimensions"
        raise InvalidRequest.of("group_by", len(request.group_by), remedy)
    unknown = [number for number in request.group_by if number not in _BY]
    if unknown:
        raise InvalidRequest.of("group_by", unknown[0], "name a dimension of the contract")
    by = [_BY[number] for number in request.group_by]
    if by.count(By.LABEL) != len(request.label_names):
        count = len(request.label_names)
        raise InvalidRequest.of("label_names", count, "give one for each DIMENSION_LABEL")
    names = iter(request.label_names)
    return tuple(Dimension(each, next(names) if each is By.LABEL else "") for each in by)
