"""Logs of Python's unittest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bursar_executor.logs import traceback
from bursar_executor.logs.differences import first_difference
from bursar_executor.logs.failing import FailingTest, LogSummary, ReadLog, excerpt_of

SIGNATURE = re.compile(r"^Ran \d+ tests? in [\d.]+s$|^(?:FAIL|ERROR): \S+ \(\S+\)", re.MULTILINE)
HEADING = re.compile(
    r"^(?P<kind>FAIL|ERROR): (?P<name>\S+) \((?P<owner>[^\s()]+)\)(?P<subtest>.*)$"
)
RULE = re.compile(r"^(?:={70}|-{70})$")
RAN = re.compile(r"^Ran (?P<ran>\d+) tests? in (?P<seconds>[\d.]+)s$")
COUNT = re.compile(r"(?P<what>failures|errors|skipped)=(?P<count>\d+)")
LOADER = "unittest.loader._FailedTest"


def read(lines: Sequence[str]) -> ReadLog:
    """The failures in the order of the log, subtests by themselves."""
    headings = [number for number, line in enumerate(lines) if HEADING.match(line)]
    failing = [_failing(lines, number) for number in headings]
    kinds = [lines[number].partition(":")[0] for number in headings]
    return ReadLog(tuple(failing), _summary(lines, kinds))


def _failing(lines: Sequence[str], heading: int) -> FailingTest:
    name = HEADING.match(lines[heading])
    assert name is not None
    start = _first(lines, heading, traceback.START)
    stop = _first(lines, start + 1, RULE)
    found = traceback.parse(lines, start, stop)
    explanation = lines[found.end : stop]
    return FailingTest(
        test=_test(name),
        file=found.place.file,
        line=found.place.line,
        error=found.error,
        first_difference=first_difference(explanation) or _compared(found.error),
        excerpt=excerpt_of([*lines[max(start, found.end - 4) : found.end], *explanation]),
    )


def _test(heading: re.Match[str]) -> str:
    """Module, class and method in one, in the old spelling and the one since Python 3.11."""
    name, owner, subtest = heading["name"], heading["owner"], heading["subtest"]
    if owner.startswith(LOADER):
        return name
    full = owner if owner.endswith(f".{name}") else f"{owner}.{name}"
    return f"{full}{subtest}"


def _compared(error: str) -> str:
    """`900 != 901` out of the message that says it in one line."""
    message = error.removeprefix("AssertionError: ")
    return message if message != error and " != " in message else ""


def _summary(lines: Sequence[str], kinds: Sequence[str]) -> LogSummary:
    for number, line in enumerate(lines):
        if ran := RAN.match(line):
            end = " ".join(lines[number + 1 : number + 4])
            counts = {found["what"]: int(found["count"]) for found in COUNT.finditer(end)}
            failed, errors = counts.get("failures", 0), counts.get("errors", 0)
            skipped = counts.get("skipped", 0)
            return LogSummary(
                runner="unittest",
                passed=max(0, int(ran["ran"]) - failed - errors - skipped),
                failed=failed,
                errors=errors,
                skipped=skipped,
                duration_ms=round(float(ran["seconds"]) * 1000),
                is_complete=True,
            )
    return LogSummary("unittest", failed=kinds.count("FAIL"), errors=kinds.count("ERROR"))


def _first(lines: Sequence[str], start: int, wanted: re.Pattern[str]) -> int:
    """The index of the first line like this, or the end."""
    for number in range(start, len(lines)):
        if wanted.match(lines[number]):
            return number
    return len(lines)
