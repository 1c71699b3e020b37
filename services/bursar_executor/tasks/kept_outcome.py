"""A model's outcome as its blob keeps it, so that a later owner of the task need not pay again."""

from __future__ import annotations

from bursar.errors import BackendUnavailable, BursarError
from bursar.errors import by_reason as error_classes_by_reason
from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar_executor.backends.backend import Outcome


def encoded(outcome: Outcome) -> bytes:
    """All that a model's outcome holds; models change no files."""
    return tasks_pb2.StepDetail(
        partial_result=executor_pb2.TaskResult(
            summary=outcome.summary,
            text=outcome.text,
            usage=outcome.usage,
            error_reason="" if outcome.error is None else outcome.error.reason,
        ),
        provider_request_id=outcome.provider_request_id,
        answered_by_model=outcome.answered_by_model,
        is_cut=outcome.is_cut,
        is_usage_unknown=outcome.is_usage_unknown,
    ).SerializeToString()


def decoded(content: bytes) -> Outcome:
    """The outcome that was kept."""
    detail = tasks_pb2.StepDetail.FromString(content)
    partial = detail.partial_result
    return Outcome(
        summary=partial.summary,
        text=partial.text,
        usage=partial.usage,
        provider_request_id=detail.provider_request_id,
        answered_by_model=detail.answered_by_model,
        is_cut=detail.is_cut,
        error=_error_of(partial.error_reason, partial.summary),
        is_usage_unknown=detail.is_usage_unknown,
    )


def _error_of(reason: str, message: str) -> BursarError | None:
    if not reason:
        return None
    return error_classes_by_reason().get(reason, BackendUnavailable)(message)
