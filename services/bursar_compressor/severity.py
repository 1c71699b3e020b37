"""Which lines of a log say that something went wrong."""

from __future__ import annotations

import re

# Looked for first, as plain text: a pattern of many alternatives takes a hundred times as long, and
# most lines are not severe.
_STEMS = (
    *("error", "err!", "fail", "exception", "traceback", "panic", "fatal", "abort", "crit"),
    *("emerg", "segfault", "denied", "refused", "unreachable", "timed out"),
)
_SEVERE = re.compile(
    r"error|exception|traceback|\berr!|\bfail(?:ed|ures?|s|ing)?\b|\bpanic|\bfatal\b|\babort(?:ed)?\b"
    r"|\bcrit(?:ical)?\b|\bemerg|\bsegfault|\bdenied\b|\brefused\b|\bunreachable\b|\btimed out\b"
)
_PYTEST_ERROR = "E   "
_NOTHING_WENT_WRONG = re.compile(r"\b(?:0|no) (?:errors?|failures?|failed)\b")
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+")


def is_severe(line: str) -> bool:
    """Whether the line speaks of a failure; `0 errors` does not."""
    if line.startswith(_PYTEST_ERROR):
        return True
    lowered = line.lower()
    if not any(stem in lowered for stem in _STEMS):
        return False
    return _SEVERE.search(_NOTHING_WENT_WRONG.sub("", lowered)) is not None


def kind_of_line(line: str) -> str:
    """The line without its numbers: lines that differ only in those are of one kind."""
    return _NUMBER.sub("0", line)
