"""The steps of one task as they happen, for any number of watchers, each from where it likes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from bursar.executor.v1 import executor_pb2


class Feed:
    """A list that grows and a last word. Watchers that come late see it all."""

    def __init__(self) -> None:
        self.steps: list[executor_pb2.Step] = []
        self.result: executor_pb2.TaskResult | None = None
        self._changed = asyncio.Event()

    def add(self, step: executor_pb2.Step) -> None:
        self.steps.append(step)
        self._wake()

    def finish(self, result: executor_pb2.TaskResult) -> None:
        self.result = result
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def updates(self, after_step_number: int) -> AsyncIterator[executor_pb2.WatchResponse]:
        """Every step recorded after `after_step_number`, then the result."""
        shown = 0
        while True:
            changed = self._changed
            while shown < len(self.steps):
                step = self.steps[shown]
                shown += 1
                if step.step_number > after_step_number:
                    yield executor_pb2.WatchResponse(step=step)
            if self.result is not None:
                yield executor_pb2.WatchResponse(result=self.result)
                return
            await changed.wait()
