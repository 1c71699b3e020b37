"""Logs of jest, by itself or through npm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bursar_executor.logs.differences import first_difference
from bursar_executor.logs.failing import FailingTest, LogSummary, ReadLog, excerpt_of
from bursar_executor.logs.traceback import LIBRARY

SIGNATURE = re.compile(
    r"^Tests: +.*\d+ total$|^ ?(?:FAIL|PASS) +\S.*\.[cm]?[jt]sx?\b|^  ● ", re.MULTILINE
)
FILE = re.compile(r"^ ?(?P<state>FAIL|PASS) +(?:.* )?(?P<file>\S+\.[cm]?[jt]sx?)(?: \(.*\))?$")
HEADING = re.compile(r"^  ● (?P<name>.+)$")
END = re.compile(r"^(?:Test Suites: |Summary of all failing tests)")
PLACE = re.compile(r"^ +at (?:.*\()?(?P<file>[^\s()]+):(?P<line>\d+):\d+\)?$")
COUNTS = re.compile(r"^Tests: +(?P<counts>.*\d+ total)$")
COUNT = re.compile(r"(\d+) (failed|passed|skipped|todo|total)")
TIME = re.compile(r"^Time: +(?P<seconds>[\d.]+) ?s")
EXPECTED = re.compile(r"^ *(Expected\b.*)$")
RECEIVED = re.compile(r"^ *(Received\b.*)$")
JEST_ARROW = "\u203a"
NO_TESTS = frozenset({"Console", "Validation Warning:"})


def read(lines: Sequence[str]) -> ReadLog:
    """The failures, each once, though jest repeats them at the end of a long run."""
    found = {(test.file, test.test): test for test in _failing(lines)}
    failing = tuple(found.values())
    return ReadLog(failing, _summary(lines, failing))


def _failing(lines: Sequence[str]) -> Iterator[FailingTest]:
    file, starts = "", []
    for number, line in enumerate(lines):
        if "FAIL" in line[:6] and (suite := FILE.match(line)):
            file = suite["file"]
        heading = HEADING.match(line) if line.startswith("  ● ") else None
        if heading and heading["name"].strip() not in NO_TESTS:
            starts.append((number, file, heading["name"].strip()))
    for number, file, name in starts:
        yield _one(file, name, lines[number + 1 : _end(lines, number + 1)])


def _end(lines: Sequence[str], start: int) -> int:
    for number in range(start, len(lines)):
        line = lines[number]
        if line.startswith("  ● ") or FILE.match(line) or END.match(line):
            return number
    return len(lines)


def _one(file: str, name: str, body: Sequence[str]) -> FailingTest:
    error = next((line.strip() for line in body if line.strip()), "").partition(" // ")[0]
    places = [(found["file"], int(found["line"])) for line in body if (found := PLACE.match(line))]
    own = [place for place in places if not LIBRARY.search(place[0])]
    place = (own or [(file, 0)])[0]
    return FailingTest(
        test=f"{file} > {name}".replace(JEST_ARROW, ">"),
        file=place[0],
        line=place[1],
        error=error,
        first_difference=_difference(body),
        excerpt=excerpt_of([line for line in body if line.strip()]),
    )


def _difference(body: Sequence[str]) -> str:
    """`Expected: … | Received: …` where both are said in a line, else from the diff."""
    expected = next((found[1] for line in body if (found := EXPECTED.match(line))), "")
    received = next((found[1] for line in body if (found := RECEIVED.match(line))), "")
    if expected or received:
        return " | ".join(part for part in (expected, received) if part)
    head = next((number for number, line in enumerate(body) if "+ Received" in line), None)
    return first_difference(body[head + 1 :]) if head is not None else ""


def _summary(lines: Sequence[str], failing: Sequence[FailingTest]) -> LogSummary:
    counts: dict[str, int] = {}
    duration_ms = 0
    for line in lines:
        if found := COUNTS.match(line):
            counts = {what: int(count) for count, what in COUNT.findall(found["counts"])}
        elif took := TIME.match(line):
            duration_ms = round(float(took["seconds"]) * 1000)
    if not counts:
        return LogSummary("jest", failed=len(failing))
    broken_suites = sum(test.test.endswith("Test suite failed to run") for test in failing)
    return LogSummary(
        runner="jest",
        passed=counts.get("passed", 0),
        failed=counts.get("failed", 0),
        errors=broken_suites,
        skipped=counts.get("skipped", 0) + counts.get("todo", 0),
        duration_ms=duration_ms,
        is_complete=True,
    )
