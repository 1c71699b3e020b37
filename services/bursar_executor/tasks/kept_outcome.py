"""A model's outcome as its blob keeps it, so that a later owner of the task need not pay again."""

from __future__ import annotations

from bursar.errors import BackendUnavailable, BursarError
from bursar.errors import by_reason as error_classes_by_reason
from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar_executor.backends.backend import Outcome


def encoded(outcome: Outcome) -> bytes:
    """All that the outcome of a model or of a coding CLI holds."""
    return tasks_pb2.StepDetail(
        partial_result=executor_pb2.TaskResult(
            summary=outcome.summary,
            text=outcome.text,
            usage=outcome.usage,
            error_reason="" if outcome.error is None else outcome.error.reason,
            changes=_changes_of(outcome),
        ),
        provider_request_id=outcome.provider_request_id,
        answered_by_model=outcome.answered_by_model,
        is_cut=outcome.is_cut,
        is_usage_unknown=outcome.is_usage_unknown,
        is_told_by_tool=outcome.is_told_by_tool,
    ).SerializeToString()


def decoded(content: bytes) -> Outcome:
    """The outcome that was kept."""
    detail = tasks_pb2.StepDetail.FromString(content)
    partial = detail.partial_result
    return Outcome(
        summary=partial.summary,
        text=partial.text,
        files={found.path: found.content for found in partial.changes if not found.is_deleted},
        deleted_paths=frozenset(found.path for found in partial.changes if found.is_deleted),
        usage=partial.usage,
        provider_request_id=detail.provider_request_id,
        answered_by_model=detail.answered_by_model,
        is_cut=detail.is_cut,
        error=_error_of(partial.error_reason, partial.summary),
        is_usage_unknown=detail.is_usage_unknown,
        is_told_by_tool=detail.is_told_by_tool,
    )


def _changes_of(outcome: Outcome) -> list[executor_pb2.FileChange]:
    written = [
        executor_pb2.FileChange(path=path, content=content)
        for path, content in outcome.files.items()
    ]
    gone = sorted(outcome.deleted_paths)
    return written + [executor_pb2.FileChange(path=path, is_deleted=True) for path in gone]


def _error_of(reason: str, message: str) -> BursarError | None:
    if not reason:
        return None
    return error_classes_by_reason().get(reason, BackendUnavailable)(message)
