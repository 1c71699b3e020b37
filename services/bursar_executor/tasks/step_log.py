"""The steps of one task on their way into the log, several to an event."""

from __future__ import annotations

import asyncio
from typing import Protocol

from bursar.errors import BursarError
from bursar.events.v1 import tasks_pb2
from bursar_executor.domain import Command, Origin, RecordSteps, StepBatch

# How long a step may wait for others. A short task's steps share the frame of its end.
LINGER_S = 0.1
# Each takes some 300 bytes; an event has 16 KiB.
BATCH_STEPS_MAX = 32


class Submitting(Protocol):
    """The writer of the `tasks` stream: `DecidedWriter.submit`."""

    def __call__(self, command: Command, *, lingers: bool = False) -> asyncio.Future[str]: ...


class StepLog:
    """Takes steps and lets nobody wait for them but who calls `durable`. What the log did not take
    is offered again then, and with the task's end.
    """

    def __init__(self, origin: Origin, submit: Submitting) -> None:
        self._origin = origin
        self._submit = submit
        self._waiting: list[tasks_pb2.StepRecord] = []
        self._offered: dict[StepBatch, asyncio.Future[str] | None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, step: tasks_pb2.StepRecord) -> None:
        """It is in the log's next frame after 0.1 s at most."""
        self._waiting.append(step)
        if len(self._waiting) >= BATCH_STEPS_MAX:
            self._offer_missing()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(LINGER_S, self._offer_missing)

    async def durable(self) -> None:
        """Returns once the log has every step so far. Raises what the log raised for one."""
        self._offer_missing()
        futures = [future for future in self._offered.values() if future is not None]
        waited = [future for future in futures if not future.done()]
        if waited:
            await asyncio.wait(waited)
        for future in futures:
            future.result()

    def missing(self) -> tuple[StepBatch, ...]:
        """All that the log may not have yet, for the end of the task to take along."""
        self._close_batch()
        return tuple(batch for batch, future in self._offered.items() if not _is_taken(future))

    def _offer_missing(self) -> None:
        self._close_batch()
        for batch, future in self._offered.items():
            if future is None or (future.done() and not _is_taken(future)):
                self._offered[batch] = self._offer(batch)

    def _close_batch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            steps, self._waiting = self._waiting, []
            body = tasks_pb2.StepsRecorded(task_id=self._origin.task_id, steps=steps)
            batch = StepBatch(steps[0].step_number, body.SerializeToString())
            self._offered[batch] = None

    def _offer(self, batch: StepBatch) -> asyncio.Future[str]:
        """The future answer; where the log takes nothing now, one that says so already."""
        try:
            return self._submit(RecordSteps(self._origin, batch))
        except BursarError as error:
            refused: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            refused.set_exception(error)
            refused.exception()  # nobody may ever look at it
            return refused


def _is_taken(future: asyncio.Future[str] | None) -> bool:
    if future is None or not future.done() or future.cancelled():
        return False
    return future.exception() is None
