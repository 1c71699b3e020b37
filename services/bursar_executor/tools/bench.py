"""A tool put to work on a copy: look, mend, look again."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from bursar.errors import BackendUnavailable
from bursar_executor.subprocesses.command import CommandResult, CommandSpec, Ending
from bursar_executor.subprocesses.subprocesses import Subprocesses
from bursar_executor.tools.outcome import Finding, Meaning, Reading, ToolOutcome
from bursar_executor.tools.tool import Call, ToolSpec, Workplace
from bursar_executor.working_copy.copy import WorkingCopy
from bursar_executor.working_copy.surroundings import surroundings

# Plain words from every tool, and nothing left lying about.
ENVIRONMENT = {"NO_COLOR": "1", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
DETAIL_CHARACTERS_MAX = 500
UNKNOWN_VERSION = "unknown"


@dataclass(frozen=True, slots=True)
class Looked:
    """All calls of one look, as one."""

    reading: Reading
    network_isolated: bool


class Bench:
    """Runs tools, one task's calls one after another, without a network where that can be cut."""

    def __init__(self, subprocesses: Subprocesses) -> None:
        self._subprocesses = subprocesses
        self._versions: dict[tuple[str, int], str] = {}

    async def run(self, tool: ToolSpec, copy: WorkingCopy, origin: Path | None) -> ToolOutcome:
        """Let the tool find and mend what it can in those files of the copy that are its business.

        `origin` is the directory the files came from, where that is on this machine. Raises
        BackendUnavailable with the remedy when the tool is not installed.
        """
        started_ns = time.monotonic_ns()
        program = tool.locate(origin)
        if program is None:
            raise BackendUnavailable(
                f"{tool.name} is not installed here: {tool.remedy}", facts={"tool": tool.name}
            )
        if tool.needs_project and origin is not None and not copy.has_surroundings:
            copy.surround(await surroundings(origin, self._subprocesses))
        earlier = copy.contents()
        paths = tuple(path for path in earlier if tool.takes(path))
        workplace = Workplace(copy.root, paths, origin)
        before = await self._look(tool, program, workplace)
        after = before
        if tool.mend and any(finding.is_fixable for finding in before.reading.findings):
            for call in tool.mend(workplace):
                await self._call(tool, program, call)
            after = await self._look(tool, program, workplace)
        later = copy.contents()
        return ToolOutcome(
            tool=tool.name,
            version=await self.version(tool, program),
            meaning=after.reading.meaning,
            detail=after.reading.detail[:DETAIL_CHARACTERS_MAX],
            findings_before=len(before.reading.findings),
            findings_after=len(after.reading.findings),
            findings=after.reading.findings + _gone(before.reading, after.reading),
            changed_files=tuple(path for path in paths if earlier[path] != later.get(path)),
            wall_ns=time.monotonic_ns() - started_ns,
            network_isolated=after.network_isolated,
        )

    async def version(self, tool: ToolSpec, program: tuple[str, ...]) -> str:
        """What the tool calls itself, asked once for each file it is started from."""
        key = (program[-1], _modified_ns(program[-1]))
        if key not in self._versions:
            self._versions[key] = await self._told_version(tool, program)
        return self._versions[key]

    async def _told_version(self, tool: ToolSpec, program: tuple[str, ...]) -> str:
        if not tool.version_arguments:
            return UNKNOWN_VERSION
        said = await self._call(tool, program, Call(tool.version_arguments, Path("/")))
        lines = said.stdout.decode(errors="replace").splitlines()
        numbered = (line.strip() for line in lines if any(sign.isdigit() for sign in line))
        return next(numbered, UNKNOWN_VERSION)

    async def _look(self, tool: ToolSpec, program: tuple[str, ...], workplace: Workplace) -> Looked:
        looked: list[tuple[Call, CommandResult]] = []
        if workplace.paths:
            for call in tool.check(workplace):
                looked.append((call, await self._call(tool, program, call)))
        readings = [_placed(_read(tool, result), call, workplace) for call, result in looked]
        return Looked(_merged(readings), all(result.network_isolated for _, result in looked))

    async def _call(self, tool: ToolSpec, program: tuple[str, ...], call: Call) -> CommandResult:
        return await self._subprocesses.run(
            CommandSpec(
                argv=(*program, *call.arguments),
                cwd=call.cwd,
                environment={**ENVIRONMENT, **call.environment},
                bounds=tool.bounds,
                cut_network=True,
            )
        )


def _modified_ns(file: str) -> int:
    return Path(file).stat().st_mtime_ns


def _read(tool: ToolSpec, result: CommandResult) -> Reading:
    """What a call said, unless it was ended or talked too much to be understood."""
    if result.ending is Ending.TIMED_OUT:
        return Reading(Meaning.TIMED_OUT, detail=f"no end within {tool.bounds.wall_s:g} s")
    if result.ending is not Ending.EXITED:
        return Reading(Meaning.FAILED, detail=f"ended by signal {result.signal}")
    if result.stdout_cut:
        return Reading(Meaning.FAILED, detail="it had more to say than is read")
    return tool.read(result)


def _placed(reading: Reading, call: Call, workplace: Workplace) -> Reading:
    """With paths as the task knows them: relative to the root of the copy."""
    findings = tuple(
        replace(finding, path=_relative(call.cwd / finding.path, workplace.root))
        if finding.path
        else finding
        for finding in reading.findings
    )
    return replace(reading, findings=findings, detail=_relative_text(reading.detail, workplace))


def _relative(path: Path, root: Path) -> str:
    path = Path(os.path.normpath(path))
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _relative_text(text: str, workplace: Workplace) -> str:
    return text.replace(f"{workplace.root}/", "")


def _merged(readings: list[Reading]) -> Reading:
    """The gravest meaning, and all findings."""
    gravity = (Meaning.TIMED_OUT, Meaning.FAILED, Meaning.FINDINGS, Meaning.CLEAN)
    meanings = {reading.meaning for reading in readings}
    return Reading(
        meaning=next((meaning for meaning in gravity if meaning in meanings), Meaning.CLEAN),
        findings=tuple(finding for reading in readings for finding in reading.findings),
        detail="; ".join(reading.detail for reading in readings if reading.detail),
    )


def _gone(before: Reading, after: Reading) -> tuple[Finding, ...]:
    """Findings that were there and no longer are. Lines move, so they are not compared."""
    left = Counter(_what(finding) for finding in after.findings)
    gone = []
    for finding in before.findings:
        if left[_what(finding)]:
            left[_what(finding)] -= 1
        else:
            gone.append(replace(finding, is_fixed=True))
    return tuple(gone)


def _what(finding: Finding) -> tuple[str, str, str]:
    return finding.path, finding.code, finding.message
