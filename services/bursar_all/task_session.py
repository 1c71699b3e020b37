"""One `bursar run`: collects the inputs, submits, shows each step as it comes, ends with the
audit.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from bursar.clients.executor import ExecutorClient
from bursar.errors import InvalidRequest, Unavailable
from bursar.executor.v1 import executor_pb2
from bursar.planner.v1 import planner_pb2
from bursar.telemetry import context as trace_context
from bursar.wiring.settings import ProcessSettings
from bursar_all.exit_codes import after_task
from bursar_all.joining import joined
from bursar_all.presented import own_attribution
from bursar_all.rendering.steps import StepsView, steps_view
from bursar_executor.approval import replacements_of
from bursar_executor.subprocesses.subprocesses import Subprocesses
from bursar_executor.working_copy.applying import apply
from bursar_executor.working_copy.selection import Selection, select

STANDARD_INPUT = "-"
# How often the services may go away under one task.
REJOINS_MAX = 5
CANCEL_TIMEOUT_S = 2.0


@dataclass(slots=True)
class Watched:
    """A task from this terminal's side: what was asked, its id once it was taken, what was seen."""

    request: executor_pb2.SubmitRequest
    task_id: str = ""
    seen_step_number: int = 0


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
            result = await self._ended(Watched(self._request(selection, standard_input)), view)
        view.result(result)
        if is_applied and result.changes and selection is not None:
            view.applied(_applied(result, selection.root))
        return after_task(result)

    async def _selected(
        self, names: Sequence[str], standard_input: bytes | None
    ) -> Selection | None:
        """The files named or changed, or else those that a person at the terminal names; None when
        only standard input is read, or a model only asked.
        """
        named = [name for name in names if name != STANDARD_INPUT]
        if not named and (standard_input is not None or self._task.requested_model):
            return None
        subprocesses = Subprocesses()
        try:
            return await select(named, Path.cwd(), subprocesses)
        except InvalidRequest:
            if named or not sys.stdin.isatty():
                raise
            asked = shlex.split(click.prompt("Which files", err=True))
            return await select(asked, Path.cwd(), subprocesses)
        finally:
            subprocesses.close()

    async def _ended(self, watched: Watched, view: StepsView) -> executor_pb2.TaskResult:
        """The result. When the services go away meanwhile they are joined, or started, again: what
        was taken is in the log, and goes on where it stood.
        """
        for _ in range(REJOINS_MAX):
            try:
                async with joined(self._settings) as connection:
                    result = await self._watch(connection.executor, watched, view)
            except Unavailable:
                continue
            if result is not None:
                return result
        async with joined(self._settings) as connection:
            result = await self._watch(connection.executor, watched, view)
        if result is None:
            raise Unavailable(f"task {watched.task_id} goes on: `bursar audit` shows how it stands")
        return result

    async def _watch(
        self, executor: ExecutorClient, watched: Watched, view: StepsView
    ) -> executor_pb2.TaskResult | None:
        """Until the result, or until the services leave the task to later ones."""
        if not watched.task_id:
            watched.task_id = (await executor.submit(watched.request)).task_id
        watch = executor_pb2.WatchRequest(
            tenant_id=watched.request.attribution.tenant_id,
            task_id=watched.task_id,
            after_step_number=watched.seen_step_number,
        )
        try:
            async for update in executor.watch(watch):
                if update.HasField("result"):
                    return update.result
                watched.seen_step_number = update.step.step_number
                view.step(update.step)
        except asyncio.CancelledError:
            cancel = executor_pb2.CancelRequest(tenant_id=watch.tenant_id, task_id=watch.task_id)
            await asyncio.wait_for(executor.cancel(cancel), CANCEL_TIMEOUT_S)
            raise
        return None

    def _request(
        self, selection: Selection | None, standard_input: bytes | None
    ) -> executor_pb2.SubmitRequest:
        files = dict(selection.files) if selection is not None else {}
        if standard_input is not None:
            files[STANDARD_INPUT] = standard_input
        request = executor_pb2.SubmitRequest(
            operation_id=os.urandom(16).hex(),
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
    return apply(replacements_of(result.changes), root)
