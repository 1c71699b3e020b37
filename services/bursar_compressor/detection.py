"""What kind of text this is, by its content alone."""

from __future__ import annotations

import re
from enum import Enum

import msgspec

SAMPLE_CHARS = 64 * 1024
SAMPLE_LINES = 400
LOG_LINES_RATIO_MIN = 0.3
CODE_LINES_RATIO_MIN = 0.3


class Kind(Enum):
    """How a text is to be read."""

    PROSE = "prose"
    CODE = "code"
    LOG = "log"  # tool and test output and stack traces too
    JSON = "json"
    NDJSON = "ndjson"  # a JSON object a line
    CSV = "csv"  # and columns that tabs separate
    YAML = "yaml"
    MARKUP = "markup"  # XML and HTML
    MARKDOWN = "markdown"
    DIFF = "diff"
    CHAT = "chat"  # a JSON list of messages


_STAMP = (
    r"\d{4}[-/.]\d\d[-/.]\d\d"  # 2026-07-01
    r"|\d\d?[:]\d\d[:]\d\d"  # 12:30:59
    r"|\d{6} \d{6}\b"  # 081109 203615
    r"|\d{10,13}\b"  # seconds or milliseconds since 1970
    r"|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w* +\w"
)
_LEVEL = r"TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|FATAL|CRITICAL|PANIC"
_LOG_LINE = re.compile(
    rf"\W{{0,3}}(?:{_STAMP})"
    r"|.{0,60}\b\d\d:\d\d:\d\d\b"
    rf"|.{{0,60}}\b(?:{_LEVEL})\b"
    r"|(?i:\s*(?:error|warning|failed|fatal|panic|traceback|note)\b[^=]*[:(\[])"
    r"|npm (?:ERR!|WARN|verb|info|http|sill|error|warn|timing)\b"
    r"|\S+::\S+ (?:PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b"
    r"|(?:PASSED|FAILED|ERROR|SKIPPED) \S+"
    r"|E {2,}\S|\s+at \S+ ?\(|\s+File \".*\", line \d+"
    r"|\s+\d+:\d+\s+(?:error|warning)\b"
    r"|(?:error|warning)(?:\[\w+\])?: |\s*--> \S+:\d+:\d+$|\s*\d* +\|(?: |$)"  # rustc
    r"|\S+\.\w{1,5}:\d+:(?:\d+:)?\s"
)
_CODE_LINE = re.compile(
    r"\s*(?:def|class|async|import|from|return|if|elif|else|for|while|try|except|with|func|fn|let"
    r"|const|var|export|public|private|protected|static|package|struct|type|interface|impl|enum|use"
    r"|namespace|template|void|int|#include|#define|case|switch|match|raise|throw)\b"
    r".*[:;{(,)\[=\]}\"'>]\s*$"
    r"|\s*(?:import|from|package|return|use) \S+.*$"
    r"|.*[;{]\s*$|\s*[)}\]]+[;,]?\s*$|\s*(?://|/\*|\*/|\* |@\w|#\[)"
    r"|\s*[\w.\[\]\"']+(?:: [\w\[\], |.]+)? (?:[-+*/|&]?=|:=) \S"
    r"|\s+[\w.]+\(.*\)?[,:]?\s*$"
)
_DIFF = re.compile(r"^(?:diff --git |@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@)", re.MULTILINE)


def detect(content: str) -> Kind:
    """Decided by the first 64 KiB; JSON by the whole. The same text is always of the same kind."""
    if _is_json(content):
        return Kind.JSON
    sample = content[:SAMPLE_CHARS]
    if is_diff(sample):
        return Kind.CODE
    lines = [line for line in sample.splitlines() if line.strip()][:SAMPLE_LINES]
    if not lines:
        return Kind.PROSE
    if _is_json_lines(lines) or _ratio(_LOG_LINE, lines) >= LOG_LINES_RATIO_MIN:
        return Kind.LOG
    return Kind.CODE if _ratio(_CODE_LINE, lines) >= CODE_LINES_RATIO_MIN else Kind.PROSE


def is_diff(content: str) -> bool:
    """Whether the text is a patch, in which every blank has a meaning."""
    return _DIFF.search(content) is not None


def _is_json(content: str) -> bool:
    if content.lstrip()[:1] not in ("{", "["):
        return False
    try:
        msgspec.json.format(content, indent=-1)
    except msgspec.DecodeError:
        return False
    except RecursionError:
        return True  # whatever it is, it is nested like JSON and nothing else
    return True


def _is_json_lines(lines: list[str]) -> bool:
    return len(lines) > 1 and all(line.lstrip()[:1] == "{" and _is_json(line) for line in lines[:8])


def _ratio(pattern: re.Pattern[str], lines: list[str]) -> float:
    return sum(1 for line in lines if pattern.match(line[:512])) / len(lines)
