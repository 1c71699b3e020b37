"""A local tool as a backend: it works on a copy, costs nothing, and its changes come back as
files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bursar.errors import BursarError, DeadlineExceeded, FailedPrecondition
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar.recently_used import RecentlyUsed
from bursar_executor.backends.backend import Job, Outcome
from bursar_executor.backends.free_work import FreeWork
from bursar_executor.tools.bench import Bench
from bursar_executor.tools.outcome import Meaning, ToolOutcome
from bursar_executor.tools.tool import ToolSpec
from bursar_executor.working_copy.copy import working_copy

PROVIDER = "local"
FINDINGS_TOLD_MAX = 1_000
NAMES_REMEMBERED_MAX = 1_024
WARM_ALLOWANCE_S, COLD_ALLOWANCE_S = 5.0, 30.0


class ToolBackend:
    """One row of the registry of tools, put to work by the bench."""

    def __init__(self, tool: ToolSpec, bench: Bench) -> None:
        self._tool = tool
        self._bench = bench
        self._is_warm = False
        self._taken: RecentlyUsed[str, bool] = RecentlyUsed(NAMES_REMEMBERED_MAX)

    @property
    def backend_id(self) -> str:
        return f"tool/{self._tool.name}"

    @property
    def capabilities(self) -> frozenset[str]:
        return self._tool.capabilities

    @property
    def start_allowance_s(self) -> float:
        """The first time its program and the supervising process have to be read from disk."""
        return WARM_ALLOWANCE_S if self._is_warm else COLD_ALLOWANCE_S

    @property
    def is_repeatable(self) -> bool:
        """Not where the verdict depends on files and packages that did not come with the job."""
        return not self._tool.needs_project

    async def version(self, origin: Path | None) -> str:
        """Each program is asked once for its own."""
        program = self._tool.locate(origin)
        told = "" if program is None else await self._bench.version(self._tool, program)
        return f"{self._tool.name} {told}"

    def takes(self, paths: Sequence[str]) -> bool:
        """Whether any of the files is its business; with none named, it says what it could do."""
        return not paths or any(map(self._takes, paths))

    def _takes(self, path: str) -> bool:
        """Patterns are matched once for each name: all tasks ask all tools."""
        name = path.rpartition("/")[2]
        taken = self._taken.get(name)
        return self._taken.put(name, self._tool.takes(name)) if taken is None else taken

    def describe(self) -> planner_pb2.Backend:
        is_there = self._tool.locate(None) is not None
        return planner_pb2.Backend(
            backend_id=self.backend_id,
            target=ledger_pb2.Target(
                provider=PROVIDER,
                model=self._tool.name,
                tier=ledger_pb2.BACKEND_TIER_LOCAL_TOOL,
            ),
            capabilities=sorted(self._tool.capabilities),
            is_available=is_there,
            remedy="" if is_there else self._tool.remedy,
        )

    def input_tokens_max(self, output_tokens: int) -> int:
        return 0

    async def prepared(self, job: Job) -> FreeWork:
        return FreeWork(job, self.work)

    async def work(self, job: Job) -> Outcome:
        """Lets the tool loose on a copy of the files."""
        with working_copy(job.files) as copy:
            outcome = await self._bench.run(self._tool, copy, job.origin)
            contents = copy.contents()
        self._is_warm = True
        changed = {
            path: content for path, content in contents.items() if job.files.get(path) != content
        }
        error = _error_of(outcome)
        return Outcome(
            summary=_summary(outcome) if error is None else error.message,
            files=changed,
            deleted_paths=frozenset(job.files.keys() - contents.keys()),
            read_paths=frozenset(filter(self._takes, job.files)),
            findings=tuple(
                executor_pb2.Finding(
                    path=finding.path,
                    line=finding.line,
                    column=finding.column,
                    code=finding.code,
                    message=finding.message,
                    is_fixed=finding.is_fixed,
                )
                for finding in outcome.findings[:FINDINGS_TOLD_MAX]
            ),
            error=error,
        )


def _error_of(outcome: ToolOutcome) -> BursarError | None:
    """Why it could not do its work; findings that are left are no error."""
    why = f"{outcome.tool} could not finish: {outcome.detail}"
    match outcome.meaning:
        case Meaning.FAILED:
            return FailedPrecondition(why, facts={"tool": outcome.tool})
        case Meaning.TIMED_OUT:
            return DeadlineExceeded(why, facts={"tool": outcome.tool})
    return None


def _summary(outcome: ToolOutcome) -> str:
    files = len(outcome.changed_files)
    changed = f", {files} file{'s' if files != 1 else ''} changed" if files else ""
    if not outcome.findings_before and not outcome.findings_after:
        return f"{outcome.tool}: {outcome.detail or 'nothing to mend'}{changed}"
    return (
        f"{outcome.tool}: {outcome.fixed} of {outcome.findings_before} findings fixed,"
        f" {outcome.findings_after} left{changed}"
    )
