"""One `bursar run`: collects the inputs, submits, shows each step as it comes, ends with the
audit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bursar.clients.executor import ExecutorClient
from bursar.errors import Internal
from bursar.executor.v1 import executor_pb2
from bursar.planner.v1 import planner_pb2
from bursar.telemetry import context as trace_context
from bursar.wiring.settings import ProcessSettings
from bursar_all.exit_codes import after_task
from bursar_all.joining import joined
from bursar_all.presented import own_attribution
from bursar_all.rendering.steps import StepsView, steps_view
from bursar_executor.subprocesses.subprocesses import Subprocesses
from bursar_executor.working_copy.applying import Replacement, apply
from bursar_executor.working_copy.selection import Selection, select

STANDARD_INPUT = "-"


class TaskSession:
    """A task from this terminal to its end."""

    def __init__(
        self,
        data_dir: Path | None,
        task: planner_pb2.Task,
        *,
        is_json: bool,
        is_cache_bypassed: bool,
    ) -> None:
        self._settings = ProcessSettings.load(data_dir=data_dir)
        self._task = task
        self._is_json = is_json
        self._is_cache_bypassed = is_cache_bypassed

    async def run(
        self, names: Sequence[str], standard_input: bytes | None, *, is_applied: bool
    ) -> int:
        """The exit code. Changes are written only when asked for and only onto unchanged
        originals.
        """
        selection = await self._selected(names, standard_input)
        view = steps_view(is_json=self._is_json)
        trace = trace_context.begin(self._settings.sample_ratio)
        with trace_context.within(trace):
            async with joined(self._settings) as connection:
                result = await self._watched(connection.executor, selection, standard_input, view)
        view.result(result)
        if is_applied and result.changes and selection is not None:
            view.applied(_applied(result, selection.root))
        return after_task(result.state)

    async def _selected(
        self, names: Sequence[str], standard_input: bytes | None
    ) -> Selection | None:
        """The files named or changed; None when only standard input is read, or a model only
        asked.
        """
        named = [name for name in names if name != STANDARD_INPUT]
        if not named and (standard_input is not None or self._task.requested_model):
            return None
        subprocesses = Subprocesses()
        try:
            return await select(named, Path.cwd(), subprocesses)
        finally:
            subprocesses.close()

    async def _watched(
        self,
        executor: ExecutorClient,
        selection: Selection | None,
        standard_input: bytes | None,
        view: StepsView,
    ) -> executor_pb2.TaskResult:
        request = self._request(selection, standard_input)
        submitted = await executor.submit(request)
        watch = executor_pb2.WatchRequest(
            tenant_id=request.attribution.tenant_id, task_id=submitted.task_id
        )
        try:
            async for update in executor.watch(watch):
                if update.HasField("result"):
                    return update.result
                view.step(update.step)
        except asyncio.CancelledError:
            cancel = executor_pb2.CancelRequest(
                tenant_id=watch.tenant_id, task_id=submitted.task_id
            )
            await asyncio.shield(executor.cancel(cancel))
            raise
        raise Internal(f"task {submitted.task_id} was left without a result")

    def _request(
        self, selection: Selection | None, standard_input: bytes | None
    ) -> executor_pb2.SubmitRequest:
        files = dict(selection.files) if selection is not None else {}
        if standard_input is not None:
            files[STANDARD_INPUT] = standard_input
        request = executor_pb2.SubmitRequest(
            attribution=own_attribution(self._settings),
            task=self._task,
            files=[
                executor_pb2.InputFile(path=path, content=content)
                for path, content in files.items()
            ],
            is_cache_bypassed=self._is_cache_bypassed,
        )
        if selection is not None:
            request.origin_directory = str(selection.root)
        if selection is not None and selection.repository is not None:
            request.repository.commit_id = selection.repository.commit_id
            request.repository.is_dirty = selection.repository.is_dirty
        return request


def _applied(result: executor_pb2.TaskResult, root: Path) -> tuple[str, ...]:
    replacements = [
        Replacement(change.path, change.original_sha256, change.content)
        for change in result.changes
    ]
    return apply(replacements, root)
