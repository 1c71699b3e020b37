"""Logs of go test, quiet or verbose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bursar_executor.logs.failing import FailingTest, LogSummary, ReadLog, excerpt_of

SIGNATURE = re.compile(r"^ *--- FAIL: \S+ \(|^FAIL\t\S+|^ok  \t\S+", re.MULTILINE)
ENDED = re.compile(r"^ *--- (?P<state>FAIL|PASS|SKIP): (?P<name>\S+) \([\d.]+s\)$")
RUNNING = re.compile(r"^=== (?:RUN|CONT|NAME) +(?P<name>\S+)$")
SAID = re.compile(r"^ +(?P<file>[^\s:]+\.go):(?P<line>\d+): (?P<message>.*)$")
PANIC = re.compile(r"^panic: (?P<message>.*?)(?: \[recovered\].*)?$")
STACK = re.compile(r"^\t(?P<file>\S+\.go):(?P<line>\d+)(?: \+0x[0-9a-f]+)?$")
OF_GO_ITSELF = re.compile(r"/src/(?:testing|runtime|reflect|internal)/")
BUILD = re.compile(r"^# (?P<package>\S+)(?: \[.*\])?$")
BUILD_ERROR = re.compile(r"^(?:vet: )?(?P<file>\S+\.go):(?P<line>\d+):(?:\d+:)? (?P<message>.*)$")
PACKAGE = re.compile(r"^(?P<state>FAIL|ok  )\t(?P<package>\S+)(?:\s+(?P<seconds>[\d.]+)s)?")


@dataclass(slots=True)
class Told:
    """What the log said of one test so far."""

    name: str
    state: str = ""
    file: str = ""
    line: int = 0
    error: str = ""
    lines: list[str] = field(default_factory=list)


class Reader:
    """Goes through a log line by line; a package's tests are known by name until it ends."""

    def __init__(self) -> None:
        self.failing: list[FailingTest] = []
        self.counts = {"FAIL": 0, "PASS": 0, "SKIP": 0}
        self.build_errors = 0
        self.duration_ms = 0
        self.has_ended = False
        self._tests: dict[str, Told] = {}
        self._current: Told | None = None
        self._building = ""
        self._panicking = False

    def take(self, line: str) -> None:
        """One line of the log."""
        if ended := ENDED.match(line):
            self._current = self._test(ended["name"])
            self._current.state = ended["state"]
            self.counts[ended["state"]] += 1
        elif running := RUNNING.match(line):
            self._current = self._test(running["name"])
        elif package := PACKAGE.match(line):
            self._end_package(package)
        elif build := BUILD.match(line):
            self._building = build["package"]
        elif self._building and (error := BUILD_ERROR.match(line)):
            self._build_error(error, line)
        elif self._current is not None:
            self._add(self._current, line)

    def finish(self) -> None:
        """A log that was cut has tests whose package did not end."""
        self._close("")

    def _add(self, test: Told, line: str) -> None:
        if (panic := PANIC.match(line)) and not self._panicking:
            self._panicking, test.error, test.file = True, f"panic: {panic['message']}", ""
        elif self._panicking:
            place = STACK.match(line)
            if place and not test.file and not OF_GO_ITSELF.search(place["file"]):
                test.file, test.line = place["file"], int(place["line"])
        elif (said := SAID.match(line)) and not test.error:
            test.file, test.line, test.error = said["file"], int(said["line"]), said["message"]
        test.lines.append(line)

    def _test(self, name: str) -> Told:
        return self._tests.setdefault(name, Told(name))

    def _build_error(self, error: re.Match[str], line: str) -> None:
        self.build_errors += 1
        self.failing.append(
            FailingTest(
                test=f"{self._building} [build failed]",
                file=error["file"],
                line=int(error["line"]),
                error=error["message"],
                excerpt=line,
            )
        )

    def _end_package(self, package: re.Match[str]) -> None:
        self.has_ended = True
        self.duration_ms += round(float(package["seconds"] or 0) * 1000)
        self._close(package["package"])

    def _close(self, package: str) -> None:
        """Write down the failed tests; one that only passes on a subtest's failure is left out."""
        failed = [test for test in self._tests.values() if test.state == "FAIL"]
        wholes = {whole for test in failed for whole in _wholes(test.name)}
        for test in failed:
            if test.error or test.name not in wholes:
                self.failing.append(_failing(test, package))
        self._tests, self._current, self._building, self._panicking = {}, None, "", False


def read(lines: Sequence[str]) -> ReadLog:
    """The failures in the order of the log; files as go names them, relative to their package."""
    reader = Reader()
    for line in lines:
        reader.take(line)
    reader.finish()
    summary = LogSummary(
        runner="go test",
        passed=reader.counts["PASS"],
        failed=reader.counts["FAIL"],
        errors=reader.build_errors,
        skipped=reader.counts["SKIP"],
        duration_ms=reader.duration_ms,
        is_complete=reader.has_ended,
    )
    return ReadLog(tuple(reader.failing), summary)


def _failing(test: Told, package: str) -> FailingTest:
    return FailingTest(
        test=f"{package}.{test.name}" if package else test.name,
        file=test.file,
        line=test.line,
        error=test.error,
        first_difference=_difference(test),
        excerpt=excerpt_of(test.lines),
    )


def _wholes(name: str) -> list[str]:
    """The tests that a subtest is part of."""
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _difference(test: Told) -> str:
    """go has no assertions; by custom a message holds what was got and what was wanted."""
    said = [line.strip() for line in test.lines]
    got = next((line for line in said if "got:" in line), "")
    want = next((line for line in said if line.startswith(("want:", "expected:"))), "")
    if got and want:
        return f"{got[got.index('got:') :]} | {want}"
    return test.error if "want" in test.error or "expected" in test.error else ""
