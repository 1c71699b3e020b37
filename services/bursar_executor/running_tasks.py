"""The tasks at work in this process: how many at once, how many may wait, each ended exactly
once.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections import OrderedDict

from bursar.errors import BursarError, Internal, Overloaded
from bursar.executor.v1 import executor_pb2
from bursar.telemetry import context as trace_context
from bursar_executor.domain import Origin
from bursar_executor.feed import Feed
from bursar_executor.settings import ExecutorSettings
from bursar_executor.tasks.collaborators import Collaborators
from bursar_executor.tasks.pipeline import TaskRun
from bursar_executor.tasks.recorder import Recorder, Submitting
from bursar_executor.tasks.request import TaskRequest

ENDED_FEEDS_KEPT = 256
ENDING_TRIES = 5
ENDING_PAUSE_S = 0.5

_logger = logging.getLogger(__name__)


class RunningTasks:
    """Runs tasks within bounds. Feeds of the newest ended tasks stay at hand for late watchers."""

    def __init__(self, settings: ExecutorSettings, submit: Submitting, team: Collaborators) -> None:
        self._settings = settings
        self._submit = submit
        self._team = team
        self._at_once = asyncio.Semaphore(settings.tasks_at_once_max)
        self._feeds: dict[str, Feed] = {}
        self._ended_feeds: OrderedDict[str, Feed] = OrderedDict()
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[str] = set()

    def feed(self, task_id: str) -> Feed | None:
        """The task's steps as they happen; None when it is not, or no longer, at hand."""
        return self._feeds.get(task_id) or self._ended_feeds.get(task_id)

    def check_room(self) -> None:
        """Raises Overloaded when no more may wait."""
        if len(self._runs) >= self._settings.tasks_waiting_max:
            raise Overloaded(f"{len(self._runs)} tasks are waiting or running already")

    def start(self, group: asyncio.TaskGroup, origin: Origin, request: TaskRequest) -> None:
        """Lets the task begin as soon as there is room."""
        if origin.task_id in self._runs:
            return
        feed = Feed()
        self._feeds[origin.task_id] = feed
        run = group.create_task(
            self._run(origin, request, feed),
            name=origin.task_id,
            # A task outlives the call that submitted it: it inherits no deadline.
            context=contextvars.Context(),
        )
        self._runs[origin.task_id] = run

    def cancel(self, task_id: str) -> None:
        """Ends the task's work where it stands; what is held is charged or let go by its lease."""
        run = self._runs.get(task_id)
        if run is not None:
            self._cancelled.add(task_id)
            run.cancel()

    async def idle(self) -> None:
        """Returns once no task is at work."""
        while self._runs:
            await asyncio.wait(list(self._runs.values()))

    async def _run(self, origin: Origin, request: TaskRequest, feed: Feed) -> None:
        recorder = Recorder(origin, feed, self._submit, self._team.clock)
        began_ns = self._team.clock()
        context = trace_context.TraceContext(origin.trace_id, origin.span_id, is_sampled=False)
        try:
            async with self._at_once:
                with trace_context.within(context):
                    result = await self._result(origin, request, recorder)
            result.task_id = origin.task_id
            result.trace_id = origin.trace_id.hex()
            result.duration_ns = self._team.clock() - began_ns
            await self._end(origin, recorder, result)
        finally:
            del self._runs[origin.task_id]
            self._cancelled.discard(origin.task_id)
            self._keep_feed(origin.task_id)

    async def _result(
        self, origin: Origin, request: TaskRequest, recorder: Recorder
    ) -> executor_pb2.TaskResult:
        try:
            return await TaskRun(origin.task_id, request, recorder, self._team).result()
        except asyncio.CancelledError:
            run = asyncio.current_task()
            if origin.task_id not in self._cancelled or run is None:
                raise
            run.uncancel()
            return executor_pb2.TaskResult(
                state=executor_pb2.TASK_STATE_CANCELLED, summary="cancelled by its caller"
            )
        except Exception:  # the edge of a task: one defect must not end its neighbours
            _logger.exception("a defect in task %s", origin.task_id)
            return executor_pb2.TaskResult(
                state=executor_pb2.TASK_STATE_FAILED,
                summary=f"a defect; see the server's log, trace {origin.trace_id.hex()}",
                error_reason=Internal.reason,
            )

    async def _end(
        self, origin: Origin, recorder: Recorder, result: executor_pb2.TaskResult
    ) -> None:
        """Writes the end down, again while the log is away; left to the next owner after that."""
        whole = executor_pb2.GetResponse(state=result.state, steps=recorder.steps, result=result)
        content = whole.SerializeToString()
        for attempt in range(ENDING_TRIES):
            try:
                reference = await self._team.blobs.put(origin.tenant_id, content)
                await recorder.end(result, str(reference))
                return
            except BursarError as error:
                _logger.warning("task %s could not be ended: %s", origin.task_id, error.message)
                await asyncio.sleep(ENDING_PAUSE_S * (attempt + 1))

    def _keep_feed(self, task_id: str) -> None:
        feed = self._feeds.pop(task_id)
        if feed.result is None:
            return
        self._ended_feeds[task_id] = feed
        if len(self._ended_feeds) > ENDED_FEEDS_KEPT:
            self._ended_feeds.popitem(last=False)
