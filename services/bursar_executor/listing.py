"""The tasks of a tenant, page by page, as the log has them."""

from __future__ import annotations

from bursar.errors import InvalidRequest
from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar_executor.domain import TaskEntry, Tasks
from bursar_executor.tasks.request import DEFAULT_TENANT_ID

PAGE_SIZE_USUAL = 50
PAGE_SIZE_MAX = 500
ANY_STATE = executor_pb2.TASK_STATE_UNSPECIFIED


def page_of(tasks: Tasks, request: executor_pb2.ListRequest) -> executor_pb2.ListResponse:
    """Newest first: ids grow with time. The token is the last id of the page before.

    Raises InvalidRequest for a page size that cannot be.
    """
    size = checked_size(request.page_size)
    tenant_id = request.tenant_id or DEFAULT_TENANT_ID
    task_ids = sorted(
        (
            task_id
            for task_id, entry in tasks.entries.items()
            if entry.origin.tenant_id == tenant_id
            and (not request.page_token or task_id < request.page_token)
        ),
        reverse=True,
    )
    response = executor_pb2.ListResponse()
    for task_id in task_ids:
        summary = summary_of(tasks.entries[task_id])
        if request.state not in (ANY_STATE, summary.state):
            continue
        if len(response.tasks) == size:
            response.next_page_token = response.tasks[-1].task_id
            break
        response.tasks.append(summary)
    return response


def checked_size(page_size: int) -> int:
    """How many to a page; 0 leaves it open."""
    if not 0 <= page_size <= PAGE_SIZE_MAX:
        raise InvalidRequest.of("page_size", page_size, f"give 1 to {PAGE_SIZE_MAX}, or 0")
    return page_size or PAGE_SIZE_USUAL


def summary_of(entry: TaskEntry) -> executor_pb2.TaskSummary:
    """One task in a list."""
    summary = executor_pb2.TaskSummary(
        task_id=entry.origin.task_id,
        state=executor_pb2.TASK_STATE_RUNNING,
        trace_id=entry.origin.trace_id.hex(),
        verdict=executor_pb2.Verdict.ValueType(entry.verdict),
    )
    if entry.ended_body is not None:
        ended = tasks_pb2.TaskEnded.FromString(entry.ended_body)
        summary.state = ended.state
        summary.usage.CopyFrom(ended.usage)
        summary.cost.CopyFrom(ended.cost)
        summary.is_from_cache = ended.is_from_cache
        summary.duration_ns = ended.duration_ns
        summary.error_reason = ended.error_reason
    return summary
