"""What is read from a test log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

# Beyond this many, a log is broken in one way rather than in many.
FAILING_TESTS_MAX = 1_000
EXCERPT_LINES_MAX = 12
LINE_CHARACTERS_MAX = 240


@dataclass(frozen=True, slots=True)
class FailingTest:
    """One test that failed or could not run.

    `file` and `line` say where the project's own code broke last; empty and 0 where the log does
    not tell. `error` is its type and message. `first_difference` is the first line in which what
    was wanted and what was found differ.
    """

    test: str
    file: str = ""
    line: int = 0
    error: str = ""
    first_difference: str = ""
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class LogSummary:
    """How many tests ended how. `is_complete` tells the runner's own count from one that was made
    of the failures found, for a log whose end is missing.
    """

    runner: str
    passed: int = 0
    failed: int = 0
    errors: int = 0
    skipped: int = 0
    duration_ms: int = 0
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class ReadLog:
    """A log that was read."""

    failing: tuple[FailingTest, ...]
    summary: LogSummary


def bounded(log: ReadLog) -> ReadLog:
    """The log with no more failing tests, and no longer lines, than anybody reads."""
    return replace(log, failing=tuple(_bounded(test) for test in log.failing[:FAILING_TESTS_MAX]))


def _bounded(test: FailingTest) -> FailingTest:
    return replace(
        test,
        test=shortened(test.test),
        error=shortened(test.error),
        first_difference=shortened(test.first_difference),
    )


def shortened(line: str) -> str:
    return line if len(line) <= LINE_CHARACTERS_MAX else line[: LINE_CHARACTERS_MAX - 3] + "..."


def excerpt_of(lines: Sequence[str]) -> str:
    """The first lines of a passage, each shortened, blank ones at both ends left out."""
    return "\n".join(shortened(line.rstrip()) for line in lines[:EXCERPT_LINES_MAX]).strip("\n")
