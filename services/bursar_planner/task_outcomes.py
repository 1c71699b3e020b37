"""What tasks came to, read from the `tasks` stream: an outcome for whom the plan chose.

A yes or no of somebody who looked at the changes replaces what the end of the task said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bursar.events.v1 import event_pb2, plans_pb2, tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2

TASKS_OPEN_MAX = 65_536
TOOL_PREFIX = "tool/"

ENDED = "task.ended"
STEPS = "task.steps_recorded"
JUDGED = "task.judged"
# Any other end says nothing of the model: nobody worked, or somebody stopped it.
QUALITY = {executor_pb2.TASK_STATE_COMPLETED: 1.0, executor_pb2.TASK_STATE_FAILED: 0.0}
VERDICTS = {executor_pb2.VERDICT_APPROVED: 1.0, executor_pb2.VERDICT_REJECTED: 0.0}

Told = Callable[[plans_pb2.PlanOutcomeKnown], None]
"""Given an outcome without its plan's id."""


@dataclass(slots=True)
class OpenTasks:
    """The last step of a model in each task, ended or not, for as long as one may be judged."""

    by_task: dict[str, tasks_pb2.StepRecord] = field(default_factory=dict)

    def remember(self, task_id: str, step: tasks_pb2.StepRecord) -> None:
        self.by_task[task_id] = step
        if len(self.by_task) > TASKS_OPEN_MAX:
            del self.by_task[next(iter(self.by_task))]


def fold(told: Told) -> Callable[[OpenTasks, bytes, int], OpenTasks]:
    """How one event changes what is open; `told` hears of each task that a model worked on."""

    def apply(tasks: OpenTasks, event_bytes: bytes, number: int) -> OpenTasks:
        event = event_pb2.Event.FromString(event_bytes)
        if event.kind == STEPS:
            _remember_steps(tasks, tasks_pb2.StepsRecorded.FromString(event.payload))
        elif event.kind == ENDED:
            ended = tasks_pb2.TaskEnded.FromString(event.payload)
            step = tasks.by_task.get(ended.task_id)
            quality = QUALITY.get(ended.state)
            if step is not None and quality is not None and not ended.is_from_cache:
                told(_outcome(event, number, step, quality))
        elif event.kind == JUDGED:
            judged = tasks_pb2.TaskJudged.FromString(event.payload)
            step = tasks.by_task.get(judged.task_id)
            quality = VERDICTS.get(judged.verdict)
            if step is not None and quality is not None:
                known = _outcome(event, number, step, quality)
                known.is_feedback = True
                told(known)
        return tasks

    return apply


def _remember_steps(tasks: OpenTasks, recorded: tasks_pb2.StepsRecorded) -> None:
    for step in recorded.steps:
        is_work = step.name == executor_pb2.STEP_NAME_EXECUTE
        if is_work and step.backend_id and not step.backend_id.startswith(TOOL_PREFIX):
            tasks.remember(recorded.task_id, step)


def _outcome(
    event: event_pb2.Event, number: int, step: tasks_pb2.StepRecord, quality: float
) -> plans_pb2.PlanOutcomeKnown:
    usage = ledger_pb2.TokenUsage()
    usage.CopyFrom(step.usage)
    return plans_pb2.PlanOutcomeKnown(
        task_id=event.task_id,
        tenant_id=event.tenant_id,
        tasks_number=number,
        backend_id=step.backend_id,
        quality=quality,
        usage=usage,
        duration_ns=step.duration_ns,
    )
