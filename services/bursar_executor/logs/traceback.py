"""Tracebacks of Python, by themselves or inside another log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bursar_executor.logs.failing import FailingTest, LogSummary, ReadLog, excerpt_of

START = re.compile(r"^(?:\s*[|+] )?(?:Exception Group )?Traceback \(most recent call last\):$")
FRAME = re.compile(r'^(?:\s*\| )?  File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in .+)?$')
ERROR = re.compile(r"^(?:\s*\| )?(?P<error>[A-Za-z_][\w.]*(?:: .*|:)?)$")
CHAINED = re.compile(
    r"^(?:\s*\| )?(?:During handling of the above exception, another exception occurred"
    r"|The above exception was the direct cause of the following exception):$"
)
LIBRARY = re.compile(r"site-packages|dist-packages|[/\\]lib[/\\]python\d|^<|node_modules|/rustc/")
LINES_OF_MESSAGE_MAX = 40
SIGNATURE = re.compile(r"^Traceback \(most recent call last\):$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Frame:
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Traceback:
    """One traceback; of chained ones, the last. `end` is the index after its error's first line."""

    frames: tuple[Frame, ...]
    error: str
    end: int

    @property
    def place(self) -> Frame:
        """The last frame in the project's own code, else the last of all."""
        return own_place(self.frames)


def own_place(frames: Sequence[Frame]) -> Frame:
    """The last place outside of libraries and the standard library, else the last of all."""
    own = [frame for frame in frames if not LIBRARY.search(frame.file)]
    candidates = own or frames
    return candidates[-1] if candidates else Frame("", 0)


def read(lines: Sequence[str]) -> ReadLog:
    """Each traceback of a log that no test runner wrote counts as one error."""
    failing, number = [], 0
    while number < len(lines):
        if not START.match(lines[number]):
            number += 1
            continue
        found = parse(lines, number, len(lines))
        failing.append(
            FailingTest(
                test=f"{found.place.file}:{found.place.line}",
                file=found.place.file,
                line=found.place.line,
                error=found.error,
                excerpt=excerpt_of(lines[max(number, found.end - 8) : found.end]),
            )
        )
        number = found.end
    return ReadLog(tuple(failing), LogSummary("python", errors=len(failing)))


def parse(lines: Sequence[str], start: int, stop: int) -> Traceback:
    """The traceback that begins at `start`, followed through those chained to it, up to `stop`."""
    frames: list[Frame] = []
    number = start + 1
    while number < stop:
        if frame := FRAME.match(lines[number]):
            frames.append(Frame(frame["file"], int(frame["line"])))
        elif headline := ERROR.match(lines[number]):
            following = _chained(lines, number + 1, stop)
            if following is None:
                return Traceback(tuple(frames), headline["error"].rstrip(":"), number + 1)
            frames, number = [], following
        elif START.match(lines[number]):
            break  # the one before was cut off
        number += 1
    return Traceback(tuple(frames), "", number)


def _chained(lines: Sequence[str], number: int, stop: int) -> int | None:
    """Where the next traceback of a chain starts, if one of the two sentences comes soon."""
    for sentence in range(number, min(number + LINES_OF_MESSAGE_MAX, stop)):
        if START.match(lines[sentence]):
            return None
        if CHAINED.match(lines[sentence]):
            starts = range(sentence, min(sentence + 4, stop))
            return next((index for index in starts if START.match(lines[index])), None)
    return None
