"""Which kind of log a text is, and what it says."""

from __future__ import annotations

from bursar_executor.logs import (
    cargo_log,
    go_log,
    jest_log,
    pytest_log,
    traceback,
    unittest_log,
)
from bursar_executor.logs.failing import ReadLog, bounded
from bursar_executor.logs.text import plain_lines

# In the order in which they are tried: the surest marks first, and bare tracebacks last, for they
# stand inside the logs of others.
READERS = {
    "pytest": (pytest_log.SIGNATURE, pytest_log.read),
    "cargo test": (cargo_log.SIGNATURE, cargo_log.read),
    "go test": (go_log.SIGNATURE, go_log.read),
    "unittest": (unittest_log.SIGNATURE, unittest_log.read),
    "jest": (jest_log.SIGNATURE, jest_log.read),
    "python": (traceback.SIGNATURE, traceback.read),
}


def detect(text: str) -> str | None:
    """The runner that wrote a log, or None for a text that is none."""
    return _kind("\n".join(plain_lines(text)))


def read(text: str) -> ReadLog | None:
    """What a log says; None for a text that is no test log and holds no traceback.

    Time is linear in the size of the text.
    """
    lines = plain_lines(text)
    kind = _kind("\n".join(lines))
    if kind is None:
        return None
    _, reader = READERS[kind]
    return bounded(reader(lines))


def _kind(plain: str) -> str | None:
    for kind, (signature, _) in READERS.items():
        if signature.search(plain):
            return kind
    return None
