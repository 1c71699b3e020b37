"""Comments and blank lines of code, out where the syntax tree stays equal.

Level safe. The shorter text is parsed again and its tree compared; where that differs, where the
code has faults, or where no grammar knows it, it stays as it is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from bursar_compressor.code import kept_comments
from bursar_compressor.code.edits import Edit, edited
from bursar_compressor.code.tree import CodeTree, Marks, parse
from bursar_compressor.markers import OPENING
from bursar_compressor.parts import Lines

_FORMS = ((b"/*", b"*/"), (b"//", b""), (b"#", b""), (b"--", b""), (b";", b""), (b"%", b""))

Spans = list[tuple[int, int]]

_BLANK_LINES = re.compile(rb"\n((?:[ \t]*\r?\n)+)")
_BLANKS_AT_LINE_END = re.compile(rb"[^ \t\n]([ \t]+)\r?\n")
_BLANKS_BEFORE_LINE_END = (b" \n", b"\t\n", b" \r\n", b"\t\r\n")


@dataclass(frozen=True, slots=True)
class Uncommented:
    """`source` is the code without remarks; `elided` are the lines where they stood."""

    source: bytes
    elided: tuple[Lines, ...]


def without_comments(code: CodeTree, reference: str = "") -> Uncommented | None:
    """The code without remarks; None where none can go. `code` has no faults and is not too deep.

    `reference` restores the original: a comment in place of the first says so. Where blank lines
    cannot go, comments alone may.
    """
    marks = code.marks()
    remarks = list(comment_edits(code, marks))
    elided = tuple(_lines_of(code.source, remarks))
    if remarks and reference:
        remarks[0] = _with_marker(code.source, remarks[0], reference)
    shape = code.shape()
    for edits in ([*remarks, *blank_edits(code, marks)], remarks):
        shorter = edited(code.source, edits)
        if shorter == code.source:
            continue
        reread = parse(shorter, code.grammar)
        if reread.is_faultless and reread.shape() == shape:
            return Uncommented(shorter, elided)
    return None


def comment_edits(code: CodeTree, marks: Marks) -> Iterator[Edit]:
    """What takes the remarks out: with their lines where nothing else stands there."""
    source = code.source
    metadata = kept_comments.script_metadata(source)
    head_end = _head_end(source, marks.comments)
    for block in _blocks(source, marks.comments):
        begin, end = block[0][0], block[-1][1]
        if begin < head_end and kept_comments.is_licence(source[begin:end]):
            continue
        if kept_comments.is_before_cgo(source, end):
            continue
        for begin, end in block:
            is_metadata = any(low <= begin < high for low, high in metadata)
            if not is_metadata and not kept_comments.is_directive(source[begin:end]):
                yield _removal(source, begin, end)


def blank_edits(code: CodeTree, marks: Marks) -> Iterator[Edit]:
    """What takes out blank lines and blanks at line ends, outside of texts."""
    if not code.grammar.may_lose_blanks:
        return
    begins = [begin for begin, _ in marks.texts]
    ends: list[int] = []  # the farthest end of all texts up to each: they stand in each other
    for _, end in marks.texts:
        ends.append(max(end, ends[-1] if ends else 0))
    patterns = [_BLANK_LINES]
    if any(end in code.source for end in _BLANKS_BEFORE_LINE_END):
        patterns.append(_BLANKS_AT_LINE_END)  # slow, and most files have none
    for pattern in patterns:
        for match in pattern.finditer(code.source):
            before = bisect_right(begins, match.start(1)) - 1
            if before < 0 or ends[before] <= match.start(1):
                yield Edit(match.start(1), match.end(1))


def _lines_of(source: bytes, edits: list[Edit]) -> Iterator[Lines]:
    line, at = 1, 0
    for edit in edits:
        gone = source[edit.begin : edit.end].rstrip(b"\r\n")
        line += source.count(b"\n", at, edit.begin)
        at = edit.begin
        yield Lines(line, line + gone.count(b"\n"))


def _with_marker(source: bytes, remark: Edit, reference: str) -> Edit:
    """In place of a remark a comment of its form; the remark goes where its form is not known."""
    gone = source[remark.begin : remark.end]
    bare = gone.strip()
    begin = remark.begin + gone.index(bare)
    marker = f"{OPENING}comments are left out; the original: {reference}]".encode()
    for opening, closing in _FORMS:
        if bare.startswith(opening):
            text = b" ".join((opening, marker, closing)).rstrip()
            return Edit(begin, begin + len(bare), text)
    return remark


def _head_end(source: bytes, comments: Spans) -> int:
    """Where the first thing that is no comment begins."""
    at = 0
    for begin, end in comments:
        if source[at:begin].strip():
            return at
        at = end
    return at


def _blocks(source: bytes, comments: Spans) -> Iterator[Spans]:
    """Comments that stand line under line belong together."""
    if not comments:
        return
    block = [comments[0]]
    for before, comment in pairwise(comments):
        between = source[before[1] : comment[0]]
        if between.strip() or between.count(b"\n") > 1:
            yield block
            block = []
        block.append(comment)
    yield block


def _removal(source: bytes, begin: int, end: int) -> Edit:
    line_begin = source.rfind(b"\n", 0, begin) + 1
    line_end = source.find(b"\n", end)
    line_end = len(source) if line_end < 0 else line_end
    is_first = not source[line_begin:begin].strip()
    is_last = not source[end:line_end].strip()
    if is_first and is_last:
        return Edit(line_begin, min(line_end + 1, len(source)))
    between = b"\n" if b"\n" in source[begin:end] else b" "
    if between == b" " and source[end : end + 1] in (b" ", b"\t"):
        between = b""
    if not is_last:
        return Edit(begin, end, between)
    while source[begin - 1] in b" \t":
        begin -= 1
    return Edit(begin, line_end - source[end:line_end].endswith(b"\r"))
