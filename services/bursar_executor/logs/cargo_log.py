"""Logs of cargo test."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bursar_executor.logs.failing import FailingTest, LogSummary, ReadLog, excerpt_of

SIGNATURE = re.compile(
    r"^test result: (?:ok|FAILED)\.|^test \S.* \.\.\. (?:ok|FAILED|ignored)$"
    r"|^error: could not compile ",
    re.MULTILINE,
)
HEADING = re.compile(r"^---- (?P<name>.+) stdout ----$")
LISTED = re.compile(r"^test (?P<name>.+?)(?: - should panic)? \.\.\. FAILED$")
# Since Rust 1.73 the message has a line of its own; before, it stood in quotes on the same line.
PANIC = re.compile(r"^thread '.*' (?:\(\d+\) )?panicked at (?P<file>[^\s':]+):(?P<line>\d+):\d+:$")
OLD_PANIC = re.compile(
    r"^thread '.*' panicked at '(?P<message>.*?)(?:', (?P<file>\S+):(?P<line>\d+):\d+)?$"
)
OLD_PLACE = re.compile(r"', (?P<file>\S+):(?P<line>\d+):\d+$")
DID_NOT_PANIC = re.compile(r"^note: test did not panic.* at (?P<file>\S+):(?P<line>\d+):\d+$")
RETURNED = re.compile(r"^Error: ")
LEFT = re.compile(r"^ *(left: .*?),?$")
RIGHT = re.compile(r"^ *(right: .*?)(?:', \S+)?$")
COMPILE_ERROR = re.compile(r"^(?P<error>error(?:\[E\d+\])?: .+)$")
COMPILE_PLACE = re.compile(r"^ +--> (?P<file>.+):(?P<line>\d+):\d+$")
NOT_COMPILED = re.compile(r"^error: (?:could not compile|aborting due to|test failed)")
RESULT = re.compile(
    r"^test result: \w+\. (?P<passed>\d+) passed; (?P<failed>\d+) failed; (?P<ignored>\d+) ignored;"
    r".*?(?:finished in (?P<seconds>[\d.]+)s)?$"
)
BLOCK_END = re.compile(r"^(?:---- .+ stdout ----|failures:|successes:|stack backtrace:)$")


def read(lines: Sequence[str]) -> ReadLog:
    """Failures by their block; those only listed as FAILED when the log was cut; compile errors."""
    failing = [_failing(lines, number) for number, line in enumerate(lines) if HEADING.match(line)]
    known = {test.test for test in failing}
    listed = [found["name"] for line in lines if (found := LISTED.match(line))]
    failing += [FailingTest(name) for name in listed if name not in known]
    compile_errors = list(_compile_errors(lines))
    return ReadLog((*failing, *compile_errors), _summary(lines, failing, len(compile_errors)))


def _failing(lines: Sequence[str], heading: int) -> FailingTest:
    name = HEADING.match(lines[heading])
    assert name is not None
    stop = _end(lines, heading + 1)
    body = lines[heading + 1 : stop]
    file, line, error, start = _panic(body)
    left = next((found[1] for text in body[start:] if (found := LEFT.match(text))), "")
    right = next((found[1] for text in body[start:] if (found := RIGHT.match(text))), "")
    return FailingTest(
        test=name["name"],
        file=file,
        line=line,
        error=error,
        first_difference=f"{left} | {right}" if left and right else "",
        excerpt=excerpt_of([text for text in body[start:] if text.strip()]),
    )


def _end(lines: Sequence[str], start: int) -> int:
    for number in range(start, len(lines)):
        if BLOCK_END.match(lines[number]):
            return number
    return len(lines)


def _panic(body: Sequence[str]) -> tuple[str, int, str, int]:
    """File, line, message, and the index in the body at which they are told."""
    for number, text in enumerate(body):
        if found := PANIC.match(text):
            message = body[number + 1] if number + 1 < len(body) else ""
            return found["file"], int(found["line"]), message, number
        if found := OLD_PANIC.match(text):
            place = found if found["file"] else _old_place(body[number:])
            file, line = (place["file"], int(place["line"])) if place else ("", 0)
            return file, line, found["message"], number
        if found := DID_NOT_PANIC.match(text):
            return found["file"], int(found["line"]), "test did not panic as expected", number
        if RETURNED.match(text):
            return "", 0, text, number
    return "", 0, "", 0


def _old_place(body: Sequence[str]) -> re.Match[str] | None:
    """Where an old message of several lines ends, its place behind it."""
    return next((found for text in body if (found := OLD_PLACE.search(text))), None)


def _compile_errors(lines: Sequence[str]) -> Iterator[FailingTest]:
    for number, text in enumerate(lines):
        found = COMPILE_ERROR.match(text)
        if not found or NOT_COMPILED.match(text):
            continue
        following = (COMPILE_PLACE.match(later) for later in lines[number + 1 : number + 4])
        if place := next(filter(None, following), None):
            yield FailingTest(
                test="compilation",
                file=place["file"],
                line=int(place["line"]),
                error=found["error"],
                excerpt=excerpt_of(lines[number : number + 8]),
            )


def _summary(
    lines: Sequence[str], failing: Sequence[FailingTest], compile_errors: int
) -> LogSummary:
    results = [found for line in lines if (found := RESULT.match(line))]
    if not results:
        return LogSummary("cargo test", failed=len(failing), errors=compile_errors)
    return LogSummary(
        runner="cargo test",
        passed=sum(int(found["passed"]) for found in results),
        failed=sum(int(found["failed"]) for found in results),
        errors=compile_errors,
        skipped=sum(int(found["ignored"]) for found in results),
        duration_ms=round(sum(float(found["seconds"] or 0) for found in results) * 1000),
        is_complete=True,
    )
