"""The steps of one task as they happen, for any number of watchers, each from where it likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from bursar.executor.v1 import executor_pb2

EVERY_STEP_NUMBER = 1 << 63


class Feed:
    """A list that grows and a last word. Watchers that come late see it all.

    It begins with what earlier owners of the task recorded.
    """

    def __init__(self, earlier: Iterable[executor_pb2.Step] = (), tenant_id: str = "") -> None:
        self.tenant_id = tenant_id
        self.steps = list(earlier)
        self.result: executor_pb2.TaskResult | None = None
        self.is_left = False
        # Each watcher that waits, and the step number from which on it wants to be woken.
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def add(self, step: executor_pb2.Step) -> None:
        """Wakes those who want to see it."""
        self.steps.append(step)
        if self._waiting:
            self._wake(step.step_number)

    def finish(self, result: executor_pb2.TaskResult) -> None:
        """The task has ended."""
        self.result = result
        self._wake()

    def leave(self) -> None:
        """Nobody here goes on with the task: watchers are let go without a result."""
        self.is_left = True
        self._wake()

    def _wake(self, step_number: int = EVERY_STEP_NUMBER) -> None:
        waiting, self._waiting = self._waiting, []
        for after_step_number, future in waiting:
            if after_step_number >= step_number:
                self._waiting.append((after_step_number, future))
            elif not future.done():
                future.set_result(None)

    async def updates(self, after_step_number: int) -> AsyncIterator[executor_pb2.WatchResponse]:
        """Every step recorded after `after_step_number`, then the result."""
        shown = 0
        while True:
            while shown < len(self.steps):
                step = self.steps[shown]
                shown += 1
                if step.step_number > after_step_number:
                    yield executor_pb2.WatchResponse(step=step)
            if self.result is not None:
                yield executor_pb2.WatchResponse(result=self.result)
            if self.result is not None or self.is_left:
                return
            changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((after_step_number, changed))
            await changed
