"""A local tool as a backend: it works on a copy, costs nothing, and its changes come back as
files.
"""

from __future__ import annotations

from bursar.errors import BackendUnavailable
from bursar.executor.v1 import executor_pb2
from bursar.ledger.v1 import ledger_pb2
from bursar.planner.v1 import planner_pb2
from bursar_executor.backends.backend import Hold, Job, Outcome
from bursar_executor.tools.bench import Bench
from bursar_executor.tools.outcome import Meaning, ToolOutcome
from bursar_executor.tools.tool import ToolSpec
from bursar_executor.working_copy.copy import working_copy

PROVIDER = "local"
FINDINGS_TOLD_MAX = 1_000


class ToolBackend:
    """One row of the registry of tools, put to work by the bench."""

    def __init__(self, tool: ToolSpec, bench: Bench) -> None:
        self._tool = tool
        self._bench = bench
        self._version = ""

    start_allowance_s = 2.0

    @property
    def version(self) -> str:
        return f"{self._tool.name} {self._version}"

    async def look(self) -> None:
        """Learns the tool's version, which its results depend on; each program is asked once."""
        program = self._tool.locate(None)
        if program is not None:
            self._version = await self._bench.version(self._tool, program)

    def takes(self, paths: list[str]) -> bool:
        """Whether any of the files is its business; with none named, it says what it could do."""
        return not paths or any(self._tool.takes(path) for path in paths)

    def describe(self) -> planner_pb2.Backend:
        is_there = self._tool.locate(None) is not None
        return planner_pb2.Backend(
            backend_id=f"tool/{self._tool.name}",
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

    def hold(self, job: Job) -> Hold:
        """One request of a tool; no tokens and no money."""
        return Hold(ledger_pb2.Amounts(requests=1), None)

    async def work(self, job: Job) -> Outcome:
        with working_copy(job.files) as copy:
            outcome = await self._bench.run(self._tool, copy, job.origin)
            contents = copy.contents()
        changed = {
            path: content for path, content in contents.items() if job.files.get(path) != content
        }
        summary = _summary(outcome)
        failed = outcome.meaning in (Meaning.FAILED, Meaning.TIMED_OUT)
        return Outcome(
            summary=summary,
            files=changed,
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
            error=BackendUnavailable(summary) if failed else None,
        )


def _summary(outcome: ToolOutcome) -> str:
    match outcome.meaning:
        case Meaning.FAILED | Meaning.TIMED_OUT:
            return f"{outcome.tool} could not finish: {outcome.detail}"
    files = len(outcome.changed_files)
    changed = f", {files} file{'s' if files != 1 else ''} changed" if files else ""
    return (
        f"{outcome.tool}: {outcome.fixed} of {outcome.findings_before} findings fixed,"
        f" {outcome.findings_after} left{changed}"
    )
