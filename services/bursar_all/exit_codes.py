"""What the `bursar` command's exit code says."""

from __future__ import annotations

from bursar.errors import ApprovalNeeded, BursarError, InvalidRequest, Kind, LimitExceeded, NotFound
from bursar.executor.v1 import executor_pb2

DONE = 0
FAILED = 1
USAGE = 2
DENIED = 3
UNAVAILABLE = 4
APPROVAL_NEEDED = 5

_BY_STATE = {
    executor_pb2.TASK_STATE_COMPLETED: DONE,
    executor_pb2.TASK_STATE_DENIED: DENIED,
    executor_pb2.TASK_STATE_UNAVAILABLE: UNAVAILABLE,
}
# A task that failed for what it was asked, not for what became of it.
_BY_REASON = {
    InvalidRequest.reason: USAGE,
    NotFound.reason: USAGE,
    ApprovalNeeded.reason: APPROVAL_NEEDED,
}


def after_task(result: executor_pb2.TaskResult) -> int:
    """The code of a task that came to its end."""
    return _BY_STATE.get(result.state, _BY_REASON.get(result.error_reason, FAILED))


def after_error(error: BursarError) -> int:
    """The code of a command that could not do its work."""
    if isinstance(error, InvalidRequest | NotFound):
        return USAGE
    if isinstance(error, LimitExceeded):
        return DENIED
    if isinstance(error, ApprovalNeeded):
        return APPROVAL_NEEDED
    if error.kind in (Kind.UNAVAILABLE, Kind.LATE):
        return UNAVAILABLE
    return FAILED
