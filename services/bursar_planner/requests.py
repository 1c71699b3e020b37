"""What a request asks, as the rules see it."""

from __future__ import annotations

from collections.abc import Iterable

from bursar.errors import InvalidRequest
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_planner.domain import backends as backend_rules
from bursar_planner.domain import task as task_rules
from bursar_planner.domain.backends import Backend, Target
from bursar_planner.domain.task import Task
from bursar_planner.domain.vocabulary import Tier

# So that an event of the plan fits the log, whoever it is for.
ATTRIBUTION_BYTES_MAX = 6 * 1024


def check_attribution(attribution: ledger_pb2.Attribution) -> None:
    """Raises InvalidRequest above 6 KiB; what is in it, quota checks."""
    size_bytes = attribution.ByteSize()
    if size_bytes > ATTRIBUTION_BYTES_MAX:
        raise InvalidRequest.of(
            "attribution", f"{size_bytes} bytes", f"use at most {ATTRIBUTION_BYTES_MAX}"
        )


def task_of(message: planner_pb2.Task) -> Task:
    """The task, checked. Raises InvalidRequest: field, value and remedy."""
    hint = None
    if message.HasField("complexity_hint"):
        hint = task_rules.checked_hint(message.complexity_hint)
    return task_rules.checked(
        Task(
            description=message.description,
            dependencies=tuple(message.dependencies),
            required_tools=tuple(message.required_tools),
            required_capabilities=tuple(message.required_capabilities),
            complexity_hint=hint,
            requested_model=message.requested_model,
            is_api_requested=message.is_api_requested,
            is_paid_forced=message.is_paid_forced,
            context_tokens=message.context_tokens,
            task_class=message.task_class,
        )
    )


def backends_of(messages: Iterable[planner_pb2.Backend]) -> tuple[Backend, ...]:
    """The backends, checked. Raises InvalidRequest: field, value and remedy."""
    return backend_rules.checked(
        [_backend_of(index, message) for index, message in enumerate(messages)]
    )


def _backend_of(index: int, message: planner_pb2.Backend) -> Backend:
    target = message.target
    return Backend(
        backend_id=message.backend_id,
        target=Target(
            target.provider, target.model, _tier_of(index, target.tier), target.account_id
        ),
        capabilities=tuple(message.capabilities),
        is_available=message.is_available,
        remedy=message.remedy,
        is_by_name_only=message.is_by_name_only,
    )


def _tier_of(index: int, number: int) -> Tier:
    try:
        return Tier(number)
    except ValueError:
        names = ", ".join(tier.name.lower() for tier in Tier)
        raise InvalidRequest.of(
            f"backends[{index}].target.tier", number, f"name one of {names}"
        ) from None
