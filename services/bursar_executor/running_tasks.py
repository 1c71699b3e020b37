"""The tasks at work in this process: how many at once, how many may wait, each ended exactly
once.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections import OrderedDict
from dataclasses import dataclass

from bursar.errors import Internal, Overloaded
from bursar.executor.v1 import executor_pb2
from bursar.rpc.activity import Activity
from bursar.telemetry import context as trace_context
from bursar_executor.domain import Origin
from bursar_executor.feed import Feed
from bursar_executor.settings import ExecutorSettings
from bursar_executor.tasks.collaborators import Collaborators
from bursar_executor.tasks.earlier import Earlier
from bursar_executor.tasks.halt import Cause, Halt, Halted
from bursar_executor.tasks.pipeline import TaskRun
from bursar_executor.tasks.recorder import Chronicle, Recorder
from bursar_executor.tasks.request import TaskRequest
from bursar_executor.tasks.step_log import Submitting

ENDED_FEEDS_KEPT = 256
SETTLING_S = 5.0

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that has been taken and not begun here."""

    origin: Origin
    request: TaskRequest
    feed: Feed
    halt: Halt
    earlier: Earlier


class RunningTasks:
    """Runs tasks within bounds, first come first served. Feeds of the newest ended tasks stay at
    hand for late watchers.
    """

    def __init__(
        self,
        settings: ExecutorSettings,
        submit: Submitting,
        team: Collaborators,
        activity: Activity,
    ) -> None:
        self._settings = settings
        self._submit = submit
        self._team = team
        self._activity = activity
        self._queue: OrderedDict[str, Waiting] = OrderedDict()
        self._runs: dict[str, asyncio.Task[None]] = {}
        self._halts: dict[str, Halt] = {}
        self._feeds: dict[str, Feed] = {}
        self._ended_feeds: OrderedDict[str, Feed] = OrderedDict()
        self._is_closing = False

    def feed(self, tenant_id: str, task_id: str) -> Feed | None:
        """The steps of a tenant's task as they happen; None when it is not, or no longer, at
        hand.
        """
        feed = self._feeds.get(task_id) or self._ended_feeds.get(task_id)
        return feed if feed is not None and feed.tenant_id == tenant_id else None

    @property
    def count(self) -> int:
        """How many are at work or wait."""
        return len(self._runs) + len(self._queue)

    def check_room(self) -> None:
        """Raises Overloaded when no more may wait."""
        if self.count >= self._settings.tasks_waiting_max or self._is_closing:
            raise Overloaded(f"{self.count} tasks are waiting or running already")

    def start(
        self,
        group: asyncio.TaskGroup,
        origin: Origin,
        request: TaskRequest,
        earlier: Earlier | None = None,
    ) -> Halt:
        """Lets the task begin as soon as there is room; the answer is how to end it."""
        earlier = earlier or Earlier()
        waiting = Waiting(origin, request, Feed(earlier.told(), origin.tenant_id), Halt(), earlier)
        self._feeds[origin.task_id] = waiting.feed
        self._halts[origin.task_id] = waiting.halt
        self._queue[origin.task_id] = waiting
        self._begin_next(group)
        return waiting.halt

    def cancel(self, group: asyncio.TaskGroup, task_id: str) -> None:
        """Ends the task as soon as its present step lets go; at once where it only waits."""
        halt = self._halts.get(task_id)
        if halt is None:
            return
        halt.ask(Cause.CANCELLED)
        if task_id in self._queue:
            self._begin(group, self._queue.pop(task_id))

    async def idle(self) -> None:
        """Returns once no task is at work."""
        while self._runs:
            await asyncio.wait(list(self._runs.values()))

    def hand_over(self) -> None:
        """What waits is left to another owner, and so is what is at work: as soon as its present
        step lets go, with what it took settled.
        """
        for task_id in list(self._queue):
            del self._queue[task_id]
            self._let_go(task_id)
        for halt in self._halts.values():
            halt.ask(Cause.INTERRUPTED)

    async def interrupt(self) -> None:
        """Hands everything over and takes nothing more. Returns after 5 s in any case."""
        self._is_closing = True
        self.hand_over()
        if self._runs:
            await asyncio.wait(list(self._runs.values()), timeout=SETTLING_S)

    def _begin_next(self, group: asyncio.TaskGroup) -> None:
        while self._queue and len(self._runs) < self._settings.tasks_at_once_max:
            self._begin(group, self._queue.popitem(last=False)[1])

    def _begin(self, group: asyncio.TaskGroup, waiting: Waiting) -> None:
        task_id = waiting.origin.task_id
        self._runs[task_id] = group.create_task(
            self._run(group, waiting),
            name=task_id,
            # A task outlives the call that submitted it: it inherits no deadline.
            context=contextvars.Context(),
        )

    async def _run(self, group: asyncio.TaskGroup, waiting: Waiting) -> None:
        origin = waiting.origin
        context = trace_context.TraceContext(origin.trace_id, origin.span_id, is_sampled=False)
        try:
            # At work though nobody may be watching: its process is not idle.
            with trace_context.within(context), self._activity.call():
                await self._ended(waiting)
        finally:
            del self._runs[origin.task_id]
            self._let_go(origin.task_id)
            if not self._is_closing:
                self._begin_next(group)

    async def _ended(self, waiting: Waiting) -> None:
        began_ns = self._team.clock()
        chronicle = Chronicle(
            waiting.origin,
            waiting.earlier.attempts + 1,
            waiting.feed,
            self._submit,
            self._team.clock,
        )
        recorder = Recorder(chronicle)
        run = TaskRun(waiting.origin, waiting.request, recorder, self._team, waiting.halt)
        try:
            result = await self._result(run, waiting)
        except Halted:
            return  # a later owner takes it up
        result.duration_ns = self._team.clock() - began_ns
        await self._team.ending.write(waiting.origin, recorder, result, run.kept)

    async def _result(self, run: TaskRun, waiting: Waiting) -> executor_pb2.TaskResult:
        try:
            return await run.result(waiting.earlier)
        except Halted:
            raise
        except Exception:  # the edge of a task: one defect must not end its neighbours
            _logger.exception("a defect in task %s", waiting.origin.task_id)
            trace = waiting.origin.trace_id.hex()
            return run.failed(Internal(f"a defect; see the server's log, trace {trace}"))

    def _let_go(self, task_id: str) -> None:
        """Its feed stays at hand for a while, if it holds a result."""
        self._halts.pop(task_id, None)
        feed = self._feeds.pop(task_id)
        if feed.result is None:
            feed.leave()
            return
        self._ended_feeds[task_id] = feed
        if len(self._ended_feeds) > ENDED_FEEDS_KEPT:
            self._ended_feeds.popitem(last=False)
