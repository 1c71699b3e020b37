"""What earlier owners of a task left in the log: the steps they told, and money that is still held.

Pure: the steps as the log has them are all there is to go by.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2

STARTED = executor_pb2.STEP_STATE_STARTED
COMPLETED = executor_pb2.STEP_STATE_COMPLETED
RESERVE, SETTLE = executor_pb2.STEP_NAME_RESERVE, executor_pb2.STEP_NAME_SETTLE
EXECUTE = executor_pb2.STEP_NAME_EXECUTE


@dataclass(frozen=True, slots=True)
class OpenHold:
    """A hold that an earlier owner took and did not settle.

    `reserved` is the step that took it. `is_begun` says that a model's work under it began, `ended`
    are those of its works that came to an end: a work that began and did not end may have been
    sent, and nobody knows what became of it.
    """

    reserved: tasks_pb2.StepRecord
    is_begun: bool
    is_in_doubt: bool
    ended: tuple[tasks_pb2.StepRecord, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """All that earlier owners recorded, in the order of the log."""

    steps: tuple[tasks_pb2.StepRecord, ...] = ()

    @classmethod
    def of(cls, bodies: Iterable[bytes]) -> Earlier:
        """From the encoded batches of a task's entry."""
        batches = map(tasks_pb2.StepsRecorded.FromString, bodies)
        return cls(tuple(step for batch in batches for step in batch.steps))

    @property
    def attempts(self) -> int:
        """How many owners recorded something."""
        return max((step.attempt for step in self.steps), default=0)

    @property
    def paid_for(self) -> tuple[tasks_pb2.StepRecord, ...]:
        """Ends of models' works whose outcome was kept: they are not done again."""
        return tuple(
            step
            for step in self.steps
            if step.name == EXECUTE and step.state != STARTED and step.detail_reference
        )

    @property
    def calls(self) -> int:
        """How often a model was asked: works that ended, and those charged though no end came."""
        charged = {step.reservation_id for step in self.settled if step.usage.output_tokens}
        works = [step for step in self.steps if step.name == EXECUTE and step.reservation_id]
        return sum((step.state == STARTED) == (step.reservation_id in charged) for step in works)

    @property
    def settled(self) -> tuple[tasks_pb2.StepRecord, ...]:
        """Settlements: what the task has spent already."""
        return tuple(step for step in self.steps if step.name == SETTLE and step.state == COMPLETED)

    def open_holds(self) -> tuple[OpenHold, ...]:
        """Holds without a settlement, in the order in which they were taken."""
        settled = {step.reservation_id for step in self.settled}
        return tuple(
            self._open_hold(step)
            for step in self.steps
            if step.name == RESERVE
            and step.state == COMPLETED
            and step.reservation_id not in settled
        )

    def _open_hold(self, reserved: tasks_pb2.StepRecord) -> OpenHold:
        under = [
            step
            for step in self.steps
            if step.name == EXECUTE and step.reservation_id == reserved.reservation_id
        ]
        ended = tuple(step for step in under if step.state != STARTED)
        begun = len(under) - len(ended)
        return OpenHold(reserved, begun > 0, begun > len(ended), ended)

    def told(self) -> list[executor_pb2.Step]:
        """The steps for watchers, without the words that are not in the log."""
        return [
            executor_pb2.Step(
                step_number=step.step_number,
                name=step.name,
                state=step.state,
                summary=f"attempt {step.attempt}, before a restart",
                backend_id=step.backend_id,
                at_ns=step.at_ns,
                duration_ns=step.duration_ns,
                usage=step.usage,
                cost=step.cost,
            )
            for step in self.steps
        ]
