"""A task's result from what its backends gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bursar.errors import BackendUnavailable, BursarError, Kind, LimitExceeded
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar_executor.backends.backend import Hold, Outcome
from bursar_executor.tasks.assignment import Assignments
from bursar_executor.tasks.changes import changes_between, shown, told
from bursar_executor.tasks.failures import Cancelled, ResultTooLarge
from bursar_executor.tasks.ledger import Spent

# Below the 32 MiB of a gRPC message and the 64 MiB of a blob, with room for the steps.
RESULT_BYTES_MAX = 24 << 20


@dataclass(slots=True)
class Progress:
    """What a running task has got so far. `files` are its files as they are now; `done` what was
    done under its hold; `outcomes` all of it, with what an earlier owner paid for; `answers` are
    those of models, by backend.
    """

    files: dict[str, bytes]
    done: list[tuple[Hold, Outcome]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    answers: dict[str, Outcome] = field(default_factory=dict)
    savings: list[ledger_pb2.Saving] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)

    def take(self, hold: Hold, outcome: Outcome) -> None:
        """What was done under `hold`, and the files as it left them."""
        self.files.update(outcome.files)
        for path in outcome.deleted_paths:
            self.files.pop(path, None)
        self.outcomes.append(outcome)
        self.done.append((hold, outcome))


async def assembled(
    original: Mapping[str, bytes], progress: Progress, assignments: Assignments
) -> executor_pb2.TaskResult:
    """All outcomes as one. Incomplete as soon as one failed or some need was nobody's."""
    outcomes = progress.outcomes
    error = next((found.error for found in outcomes if found.error is not None), None)
    summaries = [found.summary for found in outcomes]
    if assignments.uncovered:
        not_done = f"not done: {', '.join(assignments.uncovered)}"
        summaries += [not_done, "; or ".join(assignments.remedies)]
        error = error or BackendUnavailable(not_done)
    changes = changes_between(original, progress.files)
    result = executor_pb2.TaskResult(
        state=executor_pb2.TASK_STATE_COMPLETED if error is None else state_after(error),
        error_reason="" if error is None else error.reason,
        summary="; ".join(summaries),
        text="\n\n".join(found.text for found in outcomes if found.text),
        diff=await shown(changes),
        changes=told(changes),
        findings=[finding for found in outcomes for finding in found.findings],
        failing_tests=[test for found in outcomes for test in found.failing_tests],
        usage=progress.spent.usage,
        cost=progress.spent.cost,
        savings=progress.savings,
    )
    if result.ByteSize() > RESULT_BYTES_MAX:
        too_large = ResultTooLarge.of(
            "files", f"a result of {result.ByteSize()} bytes", "give fewer files at once"
        )
        return failed(too_large, progress.spent)
    return result


def failed(error: BursarError, spent: Spent) -> executor_pb2.TaskResult:
    """The result of a task that `error` ended."""
    return executor_pb2.TaskResult(
        state=state_after(error),
        summary=error.message,
        error_reason=error.reason,
        usage=spent.usage,
        cost=spent.cost,
    )


def state_after(error: BursarError) -> executor_pb2.TaskState.ValueType:
    """What an error makes of the task: denied by a limit, not to be had now, or failed."""
    if isinstance(error, Cancelled):
        return executor_pb2.TASK_STATE_CANCELLED
    if isinstance(error, LimitExceeded):
        return executor_pb2.TASK_STATE_DENIED
    if error.kind in (Kind.UNAVAILABLE, Kind.EXHAUSTED):
        return executor_pb2.TASK_STATE_UNAVAILABLE
    return executor_pb2.TASK_STATE_FAILED
