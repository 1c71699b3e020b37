"""What kind of text this is, by its content alone."""

from __future__ import annotations

import csv
import re
from enum import Enum

import msgspec

SAMPLE_CHARS = 64 * 1024
SAMPLE_LINES = 400
LOG_LINES_RATIO_MIN = 0.3
CODE_LINES_RATIO_MIN = 0.3
YAML_LINES_RATIO_MIN = 0.9
DIFF_LINES_RATIO_MIN = 0.9
TABLE_LINES_MIN = 4
TABLE_COLUMNS_MIN = 3
SEPARATORS = ",\t;"


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


class _Message(msgspec.Struct):
    role: str
    content: msgspec.Raw


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
    r"|\s*(?:end|done|fi|esac|then|do)$"
    r"|\s*(?:def|module|attr_\w+|require_relative|local|echo|set -\w+) \S"
    r"|\s*(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|DROP|FROM|WHERE|GROUP BY|ORDER BY"
    r"|JOIN|VALUES)\b"
)
_MARKUP = re.compile(
    r"\s*<(?:!doctype\b|\?xml\b|!--|[A-Za-z][\w:.-]*(?:\s[^<>]*)?/?>)", re.IGNORECASE
)
_YAML_LINE = re.compile(
    r"\s*(?:- +)*(?:[\w./-]+|\"[^\"]*\"|'[^']*'):(?: |$)|\s*- \S|---|\.\.\.$|\s*#"
)
_YAML_KEY = re.compile(r"^\s*(?:- +)*[\w./-]+:(?: [^ ]|$)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} \S.*$", re.MULTILINE)
_FENCED = re.compile(r"^(```|~~~)[^\n`]*\n.*?^\1[`~]*[ \t]*$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"\s*[-+]?\d[\d.,]*\s*")
_DIFF_LINE = re.compile(
    r"[-+ @]|diff |index |commit |Author: |Date: |new file |deleted file |rename "
)
_DIFF = re.compile(r"^(?:diff --git |@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@)", re.MULTILINE)


def detect(content: str) -> Kind:
    """Decided by the first 64 KiB; JSON by the whole. The same text is always of the same kind."""
    if _is_json(content):
        return Kind.CHAT if _is_chat(content) else Kind.JSON
    sample = content[:SAMPLE_CHARS]
    if _MARKUP.match(sample) and content.rstrip().endswith(">"):
        return Kind.MARKUP
    lines = [line for line in sample.splitlines() if line.strip()][:SAMPLE_LINES]
    return _by_lines(lines, sample) if lines else Kind.PROSE


def _by_lines(lines: list[str], sample: str) -> Kind:
    """The strictest pattern first."""
    if _is_json_lines(lines):
        return Kind.NDJSON
    if is_diff(sample) and _ratio(_DIFF_LINE, lines) >= DIFF_LINES_RATIO_MIN:
        return Kind.DIFF
    if _is_table(lines):
        return Kind.CSV
    if _ratio(_LOG_LINE, lines) >= LOG_LINES_RATIO_MIN:
        return Kind.LOG
    is_yaml = _ratio(_YAML_LINE, lines) >= YAML_LINES_RATIO_MIN and _YAML_KEY.search(sample)
    return Kind.YAML if is_yaml else _of_words(sample)


def _of_words(sample: str) -> Kind:
    """What stands in a fence of Markdown does not make the whole code."""
    if sample.startswith("#!"):
        return Kind.CODE  # a script, whose comments are no headings
    outside = _FENCED.sub("", sample)
    lines = [line for line in outside.splitlines() if line.strip()][:SAMPLE_LINES]
    if lines and _ratio(_CODE_LINE, lines) >= CODE_LINES_RATIO_MIN:
        return Kind.CODE
    is_markdown = outside != sample or _HEADING.search(sample)
    return Kind.MARKDOWN if is_markdown else Kind.PROSE


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


def _is_chat(content: str) -> bool:
    """Whether it is a list of messages."""
    if content.lstrip()[:1] != "[":
        return False
    try:
        return bool(msgspec.json.decode(content, type=list[_Message]))
    except (msgspec.DecodeError, RecursionError):
        return False


def _is_table(lines: list[str]) -> bool:
    """Whether the first line names columns, and every line has as many fields."""
    if len(lines) < TABLE_LINES_MIN:
        return False
    for separator in SEPARATORS:
        if lines[0].count(separator) + 1 >= TABLE_COLUMNS_MIN:
            return _has_columns(lines, separator)
    return False


def _has_columns(lines: list[str], separator: str) -> bool:
    try:
        # The last one may be cut by the sample's end.
        rows = list(csv.reader(lines[:-1], delimiter=separator))
    except csv.Error:
        return False
    names = rows[0]
    is_header = all(name.strip() and not _NUMBER.fullmatch(name) for name in names)
    return is_header and len(set(names)) == len(names) == len(rows[-1]) and _are_alike(rows)


def _are_alike(rows: list[list[str]]) -> bool:
    return all(len(row) == len(rows[0]) for row in rows)


def _ratio(pattern: re.Pattern[str], lines: list[str]) -> float:
    return sum(1 for line in lines if pattern.match(line[:512])) / len(lines)
