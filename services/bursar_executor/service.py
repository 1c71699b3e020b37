"""Answers the executor's contract: takes tasks, runs them, tells of them, and makes single
calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from google.protobuf.message import Message

from bursar.blobs import BlobReference
from bursar.errors import BlobDamaged, NotFound, Unavailable
from bursar.eventlog.decided import DecidedWriter, WriterTerms
from bursar.eventlog.envelope import new_event_id
from bursar.eventlog.lease import Lease
from bursar.eventlog.log import Cursor
from bursar.eventlog.stream import StreamId
from bursar.events.v1 import event_pb2, tasks_pb2
from bursar.executor.v1 import executor_pb2
from bursar.telemetry import context as trace_context
from bursar.wiring.module import Ground
from bursar_executor.approval import written
from bursar_executor.decider import TasksDecider
from bursar_executor.domain import (
    Command,
    Event,
    Judge,
    Origin,
    RequestCancel,
    Submit,
    TaskEntry,
    Tasks,
    Verdict,
)
from bursar_executor.domain import find as find_task
from bursar_executor.generation.generation import Generation
from bursar_executor.generation.unpaid import UnpaidTries
from bursar_executor.listing import page_of
from bursar_executor.running_tasks import RunningTasks
from bursar_executor.settings import ExecutorSettings
from bursar_executor.tasks.collaborators import Collaborators
from bursar_executor.tasks.earlier import Earlier
from bursar_executor.tasks.ending import whole_again, without_its_result
from bursar_executor.tasks.halt import Cause
from bursar_executor.tasks.request import DEFAULT_TENANT_ID, TaskRequest, checked, lost

STREAM = StreamId("tasks")
# Hashes of more paths would not fit an event; the blob of the request has them all.
INPUTS_NAMED_MAX = 64
RETRY_AFTER_NS = 500_000_000

_logger = logging.getLogger(__name__)


class ExecutorService:
    """Satisfies ExecutorClient and the wiring's Service."""

    def __init__(
        self,
        ground: Ground,
        settings: ExecutorSettings,
        team: Collaborators,
        lease: Lease | None = None,
    ) -> None:
        """`lease`: None where no other process can own tasks."""
        self._ground = ground
        self._team = team
        self._lease = lease
        terms = WriterTerms(ground.clock, lease)
        self._writer: DecidedWriter[Tasks, Command, Event, str] = DecidedWriter(
            ground.log, TasksDecider(), Tasks(), Cursor(STREAM), terms
        )
        self._running = RunningTasks(settings, self._writer.submit, team, ground.activity)
        unpaid = UnpaidTries(ground.blobs, ground.keyring.blob_address)
        self._generation = Generation(team, settings.upstream_timeout_s, unpaid)
        self._group: asyncio.TaskGroup | None = None
        self._is_ready = asyncio.Event()

    async def run(self) -> None:
        """Owns the tasks as often and as long as it leads their stream; stands by meanwhile."""
        await self._ground.log.open(STREAM)
        async with self._team.backends, asyncio.TaskGroup() as group:
            group.create_task(self._writer.run(), name="tasks writer")
            group.create_task(self._tell_when_following())
            while True:
                await self._writer.ready.wait()
                await self._own(group)

    async def _own(self, group: asyncio.TaskGroup) -> None:
        """Resumes what had not ended and runs what comes, until another owns the tasks."""
        try:
            entries = await self._writer.read(Tasks.running)
        except Unavailable:  # it does not lead any more
            return
        for entry in entries:
            await self._resume(group, entry)
        self._group = group
        self._is_ready.set()
        if self._lease is None:
            await asyncio.Event().wait()
            return
        await self._lease.led_elsewhere.wait()
        self._group = None
        self._running.hand_over()
        await self._running.idle()

    async def _tell_when_following(self) -> None:
        """A standby is ready too: it takes any call, and asks the owner."""
        if self._lease is not None:
            await self._writer.caught_up()
            await self._lease.led_elsewhere.wait()
            self._is_ready.set()

    def leader_of(self, request: Message) -> str:
        """The address of the owner of tasks; "" where it is this one, or anyone can answer."""
        is_about_tasks = not isinstance(
            request, executor_pb2.GenerateRequest | executor_pb2.BackendsRequest
        )
        return self._writer.leader if is_about_tasks and not self._writer.ready.is_set() else ""

    async def ready(self) -> None:
        await self._is_ready.wait()

    async def drain(self) -> None:
        """Waits for what is at work; what is not done when the time is up is settled as it stands
        and left to a later owner.
        """
        try:
            await self._running.idle()
        finally:
            await self._running.interrupt()
            await self._generation.settled()

    async def submit(self, request: executor_pb2.SubmitRequest) -> executor_pb2.SubmitResponse:
        """Acknowledged once the inputs and the event are durable. What is durable is begun, also
        when its caller has hung up meanwhile.
        """
        group = self._ready_group()
        self._running.check_room()
        task = checked(request)
        trace = trace_context.current() or trace_context.begin(sample_ratio=0.0)
        now_ns = self._ground.clock()
        tenant_id = task.attribution.tenant_id
        reference = await self._ground.blobs.put(tenant_id, task.encoded)
        origin = Origin(
            tenant_id,
            f"task_{new_event_id(now_ns).replace('-', '')}",
            trace.trace_id,
            trace.span_id,
            self._working_copy(task).SerializeToString(),
        )
        operation_id = request.operation_id or origin.task_id
        body = self._submitted_body(task, origin, operation_id, str(reference))
        command = Submit(origin, operation_id, task.fingerprint, body)
        taking = self._writer.submit(command)
        taking.add_done_callback(lambda taken: self._begin(group, taken, origin, task))
        task_id = await asyncio.shield(taking)
        return executor_pb2.SubmitResponse(task_id=task_id, trace_id=trace.trace_hex)

    def _begin(
        self,
        group: asyncio.TaskGroup,
        taken: asyncio.Future[str],
        origin: Origin,
        task: TaskRequest,
    ) -> None:
        """Only the first submission of an operation id begins its task."""
        is_taken = not taken.cancelled() and taken.exception() is None
        if is_taken and taken.result() == origin.task_id:
            self._running.start(group, origin, task)

    def _ready_group(self) -> asyncio.TaskGroup:
        if self._group is None:
            raise Unavailable("the executor is not ready yet", retry_after_ns=RETRY_AFTER_NS)
        return self._group

    def _submitted_body(
        self, task: TaskRequest, origin: Origin, operation_id: str, reference: str
    ) -> bytes:
        keyring, tenant_id = self._ground.keyring, origin.tenant_id
        description = task.description.encode()
        return tasks_pb2.TaskSubmitted(
            operation_id=operation_id,
            fingerprint=task.fingerprint,
            task_id=origin.task_id,
            attribution=task.attribution,
            request_reference=reference,
            inputs=[
                tasks_pb2.InputReference(
                    path_hmac=keyring.keyed_hash(tenant_id, path.encode()), size_bytes=len(content)
                )
                for path, content in list(task.files.items())[:INPUTS_NAMED_MAX]
            ],
            description_hmac=keyring.keyed_hash(tenant_id, description),
            description_bytes=len(description),
        ).SerializeToString()

    def _working_copy(self, task: TaskRequest) -> event_pb2.WorkingCopy:
        repository = task.submitted.repository
        if not repository.commit_id:
            return event_pb2.WorkingCopy()
        tenant_id = task.attribution.tenant_id
        return event_pb2.WorkingCopy(
            commit_id=bytes.fromhex(repository.commit_id),
            is_dirty=repository.is_dirty,
            path_hmacs=[
                self._ground.keyring.keyed_hash(tenant_id, path.encode())
                for path in list(task.files)[:INPUTS_NAMED_MAX]
            ],
        )

    async def _resume(self, group: asyncio.TaskGroup, entry: TaskEntry) -> None:
        """Takes up a task of an earlier process, from the inputs it was acknowledged with."""
        submitted = tasks_pb2.TaskSubmitted.FromString(entry.submitted_body)
        earlier = Earlier.of(batch.body for batch in entry.batches)
        reference = BlobReference.parse(submitted.request_reference)
        request: TaskRequest | None = None
        try:
            content = await self._ground.blobs.get(entry.origin.tenant_id, reference)
            request = checked(executor_pb2.SubmitRequest.FromString(content))
        except (NotFound, BlobDamaged) as error:
            _logger.warning("task %s lost its input: %s", entry.origin.task_id, error.message)
        halt = self._running.start(
            group, entry.origin, request or lost(submitted.attribution), earlier
        )
        if request is None:
            halt.ask(Cause.INPUT_LOST)
        elif entry.is_cancel_requested:
            halt.ask(Cause.CANCELLED)

    async def watch(
        self, request: executor_pb2.WatchRequest
    ) -> AsyncIterator[executor_pb2.WatchResponse]:
        await self._is_ready.wait()
        feed = self._running.feed(request.tenant_id or DEFAULT_TENANT_ID, request.task_id)
        if feed is not None:
            async for update in feed.updates(request.after_step_number):
                yield update
            return
        known = await self._known(await self._entry(request.tenant_id, request.task_id))
        for step in known.steps:
            if step.step_number > request.after_step_number:
                yield executor_pb2.WatchResponse(step=step)
        if known.HasField("result"):
            yield executor_pb2.WatchResponse(result=known.result)

    async def get(self, request: executor_pb2.GetRequest) -> executor_pb2.GetResponse:
        return await self._known(await self._entry(request.tenant_id, request.task_id))

    async def _known(self, entry: TaskEntry) -> executor_pb2.GetResponse:
        """What is known of a task now."""
        if entry.ended_body is None:
            feed = self._running.feed(entry.origin.tenant_id, entry.origin.task_id)
            return executor_pb2.GetResponse(
                state=executor_pb2.TASK_STATE_RUNNING, steps=feed.steps if feed else ()
            )
        ended = tasks_pb2.TaskEnded.FromString(entry.ended_body)
        reference = BlobReference.parse(ended.result_reference)
        try:
            content = await self._ground.blobs.get(entry.origin.tenant_id, reference)
        except NotFound:
            return without_its_result(ended, entry.origin)
        return whole_again(ended, executor_pb2.GetResponse.FromString(content))

    async def cancel(self, request: executor_pb2.CancelRequest) -> executor_pb2.CancelResponse:
        group = self._ready_group()
        entry = await self._entry(request.tenant_id, request.task_id)
        await asyncio.shield(self._writer.submit(RequestCancel(entry.origin)))
        self._running.cancel(group, request.task_id)
        return executor_pb2.CancelResponse()

    async def list(self, request: executor_pb2.ListRequest) -> executor_pb2.ListResponse:
        await self._is_ready.wait()
        return await self._writer.read(lambda tasks: page_of(tasks, request))

    async def approve(self, request: executor_pb2.ApproveRequest) -> executor_pb2.ApproveResponse:
        """The word is in the log once what it says is done: to say it again is harmless."""
        await self._is_ready.wait()
        entry = await self._entry(request.tenant_id, request.task_id)
        verdict = Verdict.REJECTED if request.is_rejected else Verdict.APPROVED
        if entry.verdict is Verdict.REJECTED or request.is_rejected or entry.ended_body is None:
            await asyncio.shield(self._writer.submit(Judge(entry.origin, verdict)))
            return executor_pb2.ApproveResponse()
        known = await self._known(entry)
        paths = await written(known.result, is_local=self._team.is_local)
        await asyncio.shield(self._writer.submit(Judge(entry.origin, verdict)))
        return executor_pb2.ApproveResponse(written_paths=paths)

    async def backends(
        self, request: executor_pb2.BackendsRequest
    ) -> executor_pb2.BackendsResponse:
        return executor_pb2.BackendsResponse(backends=await self._team.backends.everything())

    async def generate(
        self, request: executor_pb2.GenerateRequest
    ) -> AsyncIterator[executor_pb2.GenerateResponse]:
        async with contextlib.aclosing(self._generation.parts(request)) as parts:
            async for part in parts:
                yield part

    async def _entry(self, tenant_id: str, task_id: str) -> TaskEntry:
        tenant = tenant_id or DEFAULT_TENANT_ID
        return await self._writer.read(lambda tasks: find_task(tasks, tenant, task_id))
