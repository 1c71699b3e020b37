"""The end of a task: its result is kept, and the log has it, before anyone is told."""

from __future__ import annotations

import asyncio
import logging

from bursar.blobs import BlobStore
from bursar.errors import BursarError
from bursar.executor.v1 import executor_pb2
from bursar_executor.domain import Origin
from bursar_executor.tasks.recorder import Recorder

TRIES = 6
PAUSE_S = 0.5

_logger = logging.getLogger(__name__)


class Ending:
    """Writes ends down."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def write(
        self, origin: Origin, recorder: Recorder, result: executor_pb2.TaskResult
    ) -> None:
        """Tries again while the log or the store is away; a task that could not be ended after
        10 s is left to its next owner.
        """
        whole = executor_pb2.GetResponse(state=result.state, steps=recorder.steps, result=result)
        content = whole.SerializeToString()
        for attempt in range(TRIES):
            try:
                reference = await self._blobs.put(origin.tenant_id, content)
                await recorder.end(result, str(reference))
                return
            except BursarError as error:
                _logger.warning("task %s could not be ended: %s", origin.task_id, error.message)
                await asyncio.sleep(PAUSE_S * (attempt + 1))
