"""Blanks that mean nothing: at the ends of lines, and in runs of blank lines.

Level plain. Where a blank could be part of something (a fenced or indented block, a string over
several lines, a patch, a Markdown line break) the text stays as it is; indentation always does.
"""

from __future__ import annotations

import re

from bursar_compressor.detection import Kind, is_diff
from bursar_compressor.rewriting import Rewritten, unchanged

METHOD = "trailing_whitespace"

_TRAILING = re.compile(r"[ \t]++(?=\r?$)", re.MULTILINE)
_BLANK_RUN = re.compile(r"(\n\r?\n)(?:\r?\n)++")
# Code keeps two blank lines, as its formatters do.
_BLANK_RUN_IN_CODE = re.compile(r"(\n\r?\n\r?\n)(?:\r?\n)++")
# In Markdown two blanks or more at the end of a line break it; one, or a tab, means nothing. A line
# that four blanks or a tab begin may be code.
_TRAILING_IN_PROSE = re.compile(r"^(?! {4}|\t)(.*\S)(?: |[ \t]*\t)(?=\r?$)", re.MULTILINE)
_BLANK_RUN_IN_PROSE = re.compile(r"(\n\r?\n)(?:\r?\n)++(?! {4}|\t)")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$", re.MULTILINE)
_FENCE_ELSEWHERE = re.compile(r"`{3}|~{3}")
# What may open or close a text over several lines in some language: a quote of any kind, a heredoc,
# a line that goes on, a block that keeps its blanks.
_UNCERTAIN_IN_CODE = re.compile(
    r"[\"'`]|<<|\\[ \t]*$|\[=*\[|^=(?:begin|pod)|\bq[qwx]?\W|[|>][-+]?\d?[ \t]*$", re.MULTILINE
)


def rewrite(content: str, kind: Kind) -> Rewritten:
    """What each kind of text can lose without anybody noticing."""
    if kind is Kind.JSON or is_diff(content):
        return unchanged(content)
    if kind is Kind.LOG:
        kept = _BLANK_RUN.sub(r"\1", _TRAILING.sub("", content))
    elif kind in (Kind.CODE, Kind.YAML):
        kept = _trimmed_code(content)
    else:
        kept = _trimmed_prose(content)
    return Rewritten(kept, "blanks at the ends of lines and runs of blank lines")


def _trimmed_prose(content: str) -> str:
    """All but the fenced blocks; nothing where a fence stands that is not understood."""
    parts: list[str] = []
    at = 0
    for begin, end in [*_fenced(content), (len(content), len(content))]:
        text = content[at:begin]
        if not _FENCE_ELSEWHERE.search(text):
            text = _BLANK_RUN_IN_PROSE.sub(r"\1", _TRAILING_IN_PROSE.sub(r"\1", text))
        parts += (text, content[begin:end])
        at = end
    return "".join(parts)


def _fenced(content: str) -> list[tuple[int, int]]:
    """Where fenced blocks stand, fences included; one that is not closed reaches to the end."""
    blocks: list[tuple[int, int]] = []
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(content):
        if opened is None:
            opened = fence
        elif fence[1].startswith(opened[1]) and not fence[2].strip():
            blocks.append((opened.start(), fence.end()))
            opened = None
    if opened is not None:
        blocks.append((opened.start(), len(content)))
    return blocks


def _trimmed_code(content: str) -> str:
    """Only the lines before the first and after the last place where a string could begin or
    end.
    """
    places = [match.start() for match in _UNCERTAIN_IN_CODE.finditer(content)]
    if not places:
        return _without_blanks(content)
    first = content.rfind("\n", 0, places[0]) + 1
    last = content.find("\n", places[-1])
    if last < 0 or "<<" in content:  # a heredoc ends where no quote tells
        last = len(content)
    after = content[last:]
    return _without_blanks(content[:first]) + content[first:last] + _without_blanks(after)


def _without_blanks(code: str) -> str:
    return _BLANK_RUN_IN_CODE.sub(r"\1", _TRAILING.sub("", code))
