"""Logs of pytest, in every traceback style, with and without xdist, whole or cut."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from bursar_executor.logs import traceback
from bursar_executor.logs.differences import first_difference
from bursar_executor.logs.failing import (
    FAILING_TESTS_MAX,
    FailingTest,
    LogSummary,
    ReadLog,
    excerpt_of,
)
from bursar_executor.logs.pytest_blocks import (
    LINE_STYLE,
    PLACE,
    WITH_BLOCKS,
    Block,
    blocks,
    places_in,
    sections,
)
from bursar_executor.logs.pytest_names import Named, names_in

SIGNATURE = re.compile(
    r"^={3,} (?:test session starts|FAILURES|ERRORS|short test summary info) ={3,}$"
    r"|^(?:=+ )?\d+ (?:passed|failed|errors?|skipped)\b.* in \d+\.\d+s\b",
    re.MULTILINE,
)
SUMMARY = re.compile(r"^(?:=+ )?(?P<counts>\d+ [a-z]+(?:, \d+ [a-z]+)*) in (?P<seconds>[\d.]+)s\b")
COUNT = re.compile(r"(\d+) ([a-z]+)")
WORKER = re.compile(r"^\[gw\d+\] *\[ *\d+%\] (?:FAILED|ERROR) (?P<node_id>\S.*)$")
EXPLAINED = re.compile(r"^E(?: {1,3}|$)")


def read(lines: Sequence[str]) -> ReadLog:
    """Failures with a traceback first, in the order of the log, then those that are only named."""
    told: list[Block] = []
    progress: list[str] = []
    parts = list(sections(lines))
    for section, content in parts:
        if section in WITH_BLOCKS:
            told.extend(islice(blocks(content), FAILING_TESTS_MAX))
        if section == "progress":
            progress.extend(_failed_in(content))
    names = names_in(parts)
    failing = [_failing(block, names.take(block)) for block in told]
    failing += [FailingTest(left.node_id, left.file, error=left.error) for left in names.left()]
    known = {test.test for test in failing}
    late = [Named(node_id, "") for node_id in dict.fromkeys(progress) if node_id not in known]
    failing += [FailingTest(only.node_id, only.file) for only in late]
    return ReadLog(tuple(failing), _summary(lines, failing))


def _failed_in(section: Sequence[str]) -> Iterator[str]:
    """Tests that a verbose run showed as failed while it went on."""
    for line in section:
        if "FAILED" not in line and "ERROR" not in line:
            continue
        if worker := WORKER.match(line):
            yield worker["node_id"].rstrip()
            continue
        node_id = line.partition(" FAILED")[0].partition(" ERROR")[0]
        if node_id != line and "::" in node_id and " " not in node_id.partition("[")[0]:
            yield node_id


def _failing(block: Block, named: Named | None) -> FailingTest:
    explained = [EXPLAINED.sub("", line, count=1) for line in _last_explained(block.lines)]
    error, place = (
        (explained[0].strip() if explained else ""),
        traceback.own_place(places_in(block.lines)),
    )
    if not explained:
        error, place = _native(block, named)
    explanation = explained[1:] if block.title else _unmarked(block.lines[:-1])
    node_id = named.node_id if named else _guessed(block, place.file)
    return FailingTest(
        test=node_id,
        file=_relative(place.file, Named(node_id, "").file),
        line=place.line,
        error=f"{block.phase}: {error}" if block.phase else error,
        first_difference=first_difference(explanation) or _compared(error),
        excerpt=excerpt_of(_heart(block.lines)),
    )


def _last_explained(lines: Sequence[str]) -> list[str]:
    """The last run of lines marked E: of chained exceptions, the one that came out."""
    runs: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("E") and EXPLAINED.match(line):
            runs[-1].append(line)
        elif runs[-1]:
            runs.append([])
    filled = [run for run in runs if run]
    return filled[-1] if filled else []


def _unmarked(lines: Sequence[str]) -> list[str]:
    """In the style of one line a failure only the first line of the explanation is marked."""
    return [line for line in lines if not line.startswith("E")]


def _native(block: Block, named: Named | None) -> tuple[str, traceback.Frame]:
    """Error and place from a plain Python traceback (`--tb=native`)."""
    for number, line in enumerate(block.lines):
        if traceback.START.match(line):
            found = traceback.parse(block.lines, number, len(block.lines))
            return found.error, found.place
    place = traceback.own_place(places_in(block.lines))
    said = [line for line in block.lines if LINE_STYLE.match(line)]
    error = said[-1].split(": ", 1)[1] if said else ""
    return error or (named.error if named else ""), place


def _compared(error: str) -> str:
    """`assert 1 == 2` out of an error that says it in one line."""
    message = error.removeprefix("AssertionError: ")
    return message if message.startswith("assert ") else ""


def _guessed(block: Block, file: str) -> str:
    """A node id without the summary's help."""
    if block.phase == "collecting" or not file:
        return block.title
    return f"{file}::{block.title.replace('.', '::')}"


def _relative(file: str, of_test: str) -> str:
    """The file as the test's name gives it, where that is the same or nothing else is known."""
    return of_test if not file or file.endswith(f"/{of_test}") else file


def _heart(lines: Sequence[str]) -> Sequence[str]:
    """From the line that failed on; the whole where no line is marked."""
    marked = [number for number, line in enumerate(lines) if line.startswith(">")]
    short = [number for number, line in enumerate(lines) if PLACE.match(line) and ": in " in line]
    return lines[(marked or short or [0])[-1] :]


def _summary(lines: Sequence[str], failing: Sequence[FailingTest]) -> LogSummary:
    for line in reversed(lines):
        if found := SUMMARY.match(line):
            pairs = COUNT.findall(found["counts"])
            counts = {what.rstrip("s"): int(count) for count, what in pairs}
            return LogSummary(
                runner="pytest",
                passed=counts.get("passed", 0) + counts.get("xpassed", 0),
                failed=counts.get("failed", 0),
                errors=counts.get("error", 0),
                skipped=counts.get("skipped", 0) + counts.get("xfailed", 0),
                duration_ms=round(float(found["seconds"]) * 1000),
                is_complete=True,
            )
    return LogSummary("pytest", failed=len(failing))
