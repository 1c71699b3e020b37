"""A coding CLI as a backend: chosen by its name, run unmodified, on a copy of the files.

Under the user's login it costs no tokens of an API; what it used is its own word. Where an edge is
set and speaks its format, a run goes through that, and the edge's ledger has what it took.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bursar.errors import BackendUnavailable, InvalidRequest
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.prices.recording import usage_message
from bursar.tokens.texts import count_text
from bursar_executor.backends.backend import Hold, Job, Outcome
from bursar_executor.backends.free_work import FREE
from bursar_executor.backends.model import MODEL_CAPABILITIES
from bursar_executor.clis.cli import Access, Ask, Cli, TaskClass
from bursar_executor.clis.running import CliRunner, Run
from bursar_executor.models.free import free_row
from bursar_executor.working_copy.copy import WorkingCopy, working_copy

START_ALLOWANCE_S = 60.0
CONTEXT_TOKENS = 128_000
CALLS_HELD = 8
"""So many calls a run with files is held for: each reads what came before."""


@dataclass(frozen=True, slots=True)
class CliAccess:
    """The edge that runs go through, and the model they ask there."""

    access: Access
    model: str


class CodingCliBackend:
    """One CLI. `access` None runs it under the user's own login."""

    def __init__(self, cli: Cli, runner: CliRunner, access: CliAccess | None) -> None:
        self._cli = cli
        self._runner = runner
        self._access = access
        self._is_logged_in = access is not None

    is_repeatable = False
    start_allowance_s = START_ALLOWANCE_S

    @property
    def backend_id(self) -> str:
        return f"cli/{self._cli.NAME}"

    @property
    def is_billed_by_edge(self) -> bool:
        """Whether an edge books what it uses, call by call."""
        return self._access is not None

    async def look(self) -> None:
        """Asks it for its login, where it needs one."""
        if self._access is None and self._runner.is_installed(self._cli):
            self._is_logged_in = await self._runner.is_logged_in(self._cli)

    def is_named(self, name: str) -> bool:
        """Whether a caller who says `name` means this one."""
        return bool(name) and name in (self._cli.NAME, self.backend_id)

    def describe(self) -> planner_pb2.Backend:
        is_installed = self._runner.is_installed(self._cli)
        remedy = self._cli.LOG_IN if is_installed else self._cli.INSTALL
        is_available = is_installed and self._is_logged_in
        return planner_pb2.Backend(
            backend_id=self.backend_id,
            target=ledger_pb2.Target(
                provider="cli", model=self._cli.NAME, tier=ledger_pb2.BACKEND_TIER_LOGIN_CLI
            ),
            capabilities=MODEL_CAPABILITIES,
            is_available=is_available,
            is_by_name_only=True,
            remedy="" if is_available else remedy,
        )

    async def version(self, origin: Path | None) -> str:
        return self.backend_id

    def input_tokens_max(self, output_tokens: int) -> int:
        own_tokens = max(self._cli.OWN_PROMPT_TOKENS.values())
        return max(1, CONTEXT_TOKENS - output_tokens - own_tokens)

    async def prepared(self, job: Job) -> CliWork:
        return CliWork(self, job)

    def hold_for(self, job: Job) -> Hold:
        """Under a login a bound of what it will report, at no price; through the edge nothing: the
        edge holds each of its calls.
        """
        if self.is_billed_by_edge:
            return FREE
        task_class = task_class_of(job)
        calls = CALLS_HELD if task_class is TaskClass.EDIT else 1
        prompt_tokens = count_text(prompt_of(job), self._cli.NAME).bound_tokens
        amounts = ledger_pb2.Amounts(
            requests=1,
            input_tokens=calls * (prompt_tokens + self._cli.OWN_PROMPT_TOKENS[task_class]),
            output_tokens=calls * job.max_output_tokens,
        )
        return Hold(amounts, free_row("cli", self._cli.NAME))

    async def run(self, job: Job) -> Outcome:
        """On a copy of the files; what it wrote there comes back."""
        with (
            tempfile.TemporaryDirectory(prefix="bursar-cli-", ignore_cleanup_errors=True) as home,
            working_copy(job.files) as copy,
        ):
            ask = Ask(
                task_class=task_class_of(job),
                home=Path(home),
                model="" if self._access is None else self._access.model,
                access=None if self._access is None else self._access.access,
            )
            bounds = (copy.root, job.max_duration_s)
            run = await self._runner.run(self._cli, ask, prompt_of(job), bounds)
            return self._outcome(run, copy)

    def _outcome(self, run: Run, copy: WorkingCopy) -> Outcome:
        """An exit code proves nothing: without an answer it has failed."""
        report, changes = run.report, copy.changes()
        error = None
        if run.is_ended or report.error:
            why = "was ended at its bound" if run.is_ended else report.error
            error = BackendUnavailable(f"{self._cli.NAME}: {why}")
        usage = ledger_pb2.TokenUsage()
        is_told = report.usage is not None and not self.is_billed_by_edge
        if report.usage is not None and is_told:
            usage = usage_message(report.usage, is_estimate=False)
        files = len(changes)
        changed = f", {files} file{'s' if files != 1 else ''} changed" if files else ""
        return Outcome(
            summary=error.message if error else f"{self._cli.NAME}: done{changed}",
            text=report.text,
            files={found.path: found.after for found in changes if found.after is not None},
            deleted_paths=frozenset(found.path for found in changes if found.after is None),
            read_paths=frozenset(copy.paths),
            usage=usage,
            answered_by_model=report.model,
            error=error,
            is_usage_unknown=not self.is_billed_by_edge and not is_told,
            is_told_by_tool=is_told,
        )


class CliWork:
    """One run, ready to be made."""

    def __init__(self, backend: CodingCliBackend, job: Job) -> None:
        self._backend = backend
        self._job = job
        self.hold = backend.hold_for(job)

    async def done(self) -> Outcome:
        """Cancelled, its whole tree is ended, and nobody knows what it used until then."""
        try:
            return await self._backend.run(self._job)
        except asyncio.CancelledError:
            is_told_elsewhere = self._backend.is_billed_by_edge
            return Outcome(
                summary="ended before its end",
                is_cut=True,
                is_usage_unknown=not is_told_elsewhere,
            )


def task_class_of(job: Job) -> TaskClass:
    """With files there is something to change."""
    return TaskClass.EDIT if job.files else TaskClass.ANSWER


def prompt_of(job: Job) -> str:
    """The task's words. Files it reads by itself; without any, the context is all there is.

    Raises InvalidRequest for a task of no words.
    """
    if not job.description.strip():
        raise InvalidRequest.of("description", "missing", "say what is to be done")
    if job.files or not job.context:
        return job.description
    return f"{job.description}\n\n{job.context}"
