"""The end of a task: its result is kept, and the log has it, before anyone is told."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from bursar.blobs import BlobStore
from bursar.errors import BursarError
from bursar.events.v1 import tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar_executor.domain import Origin
from bursar_executor.tasks.recorder import Recorder

TRIES = 6
PAUSE_S = 0.5

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptResult:
    """Where a result is kept, and with how many of its task's steps."""

    reference: str
    step_count: int


class Ending:
    """Writes the ends of tasks down. A result may be kept before the last steps are done; the event
    of the end brings those.
    """

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def kept(
        self, origin: Origin, recorder: Recorder, result: executor_pb2.TaskResult
    ) -> KeptResult:
        """Durable when this returns, with the steps so far."""
        step_count = len(recorder.steps)
        whole = executor_pb2.GetResponse(state=result.state, steps=recorder.steps, result=result)
        reference = await self._blobs.put(origin.tenant_id, whole.SerializeToString())
        return KeptResult(str(reference), step_count)

    async def kept_early(
        self, origin: Origin, recorder: Recorder, result: executor_pb2.TaskResult
    ) -> KeptResult | None:
        """The same, where the store takes it now; the end tries again."""
        try:
            return await self.kept(origin, recorder, result)
        except BursarError:
            return None

    async def write(
        self,
        origin: Origin,
        recorder: Recorder,
        result: executor_pb2.TaskResult,
        kept: KeptResult | None = None,
    ) -> None:
        """Tries again while the log or the store is away; a task that could not be ended after
        10 s is left to its next owner.
        """
        for attempt in range(TRIES):
            try:
                if kept is None:
                    kept = await self.kept(origin, recorder, result)
                await recorder.end(result, kept.reference, kept.step_count)
                return
            except BursarError as error:
                _logger.warning("task %s could not be ended: %s", origin.task_id, error.message)
                await asyncio.sleep(PAUSE_S * (attempt + 1))


def whole_again(
    ended: tasks_pb2.TaskEnded, kept: executor_pb2.GetResponse
) -> executor_pb2.GetResponse:
    """A result that was kept, with what only the event of its end knew."""
    kept.result.duration_ns = ended.duration_ns
    for step in ended.closing_steps:
        if step.name == executor_pb2.STEP_NAME_REPORT:
            step.summary = kept.result.summary
        kept.steps.append(step)
    return kept


def without_its_result(ended: tasks_pb2.TaskEnded, origin: Origin) -> executor_pb2.GetResponse:
    """What the log alone knows of an ended task."""
    result = executor_pb2.TaskResult(
        task_id=ended.task_id,
        state=ended.state,
        summary="its result is no longer kept",
        usage=ended.usage,
        cost=ended.cost,
        savings=ended.savings,
        is_from_cache=ended.is_from_cache,
        trace_id=origin.trace_id.hex(),
        duration_ns=ended.duration_ns,
        error_reason=ended.error_reason,
    )
    return executor_pb2.GetResponse(state=ended.state, result=result)
