"""Code as signatures: the bodies of functions left out, each by a marker that names its lines.

Level safe. The first marker names the reference of the whole text, so a reader can fetch any of
them. Comments go as well. The result is parsed; where that fails the code stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bursar_compressor.code.comments import blank_edits, comment_edits
from bursar_compressor.code.edits import Edit, edited
from bursar_compressor.code.focus import Focus
from bursar_compressor.code.grammar import CLASS_WITH_DOCSTRING
from bursar_compressor.code.tree import CodeTree, parse, without_line_end
from bursar_compressor.parts import Lines

if TYPE_CHECKING:
    from tree_sitter import Node

# A smaller body costs few tokens more than its marker, and tells more.
BODY_LINES_MIN = 3
BODY_BYTES_MIN = 60
_DOCSTRING = re.compile(rb"([a-zA-Z]*)(\"\"\"|''')(.*)\2", re.DOTALL)
_LONE_LINE_END = re.compile(rb"(?<!\r)\n")
_FIRST_PARAGRAPH = re.compile(rb"\s*\S.*?(?=\s*?\n[ \t\r]*\n|\s*\Z)", re.DOTALL)
_FIRST_SENTENCE = re.compile(rb"\s*\S.*?(?:[.!?](?=\s)|(?=\s*?\n[ \t\r]*\n|\s*\Z))", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Skeleton:
    """`source` is shorter code that parses; `elided` are the lines of the bodies it lacks."""

    source: bytes
    elided: tuple[Lines, ...]


@dataclass(frozen=True, slots=True)
class _Hole:
    """A body that goes: its place, its lines counted from 1, and how to write it."""

    begin: int
    end: int
    part: Lines
    form: bytes


def skeleton(code: CodeTree, reference: str, focus: Focus) -> Skeleton | None:
    """The code without the bodies that `focus` does not touch; None where none can go.

    `reference` restores the whole text. `code` has no faults and is not too deep.
    """
    holes = list(_holes(code, focus))
    if not holes:
        return None
    marks = code.marks()
    remarks = [*comment_edits(code, marks), *blank_edits(code, marks)]
    bodies = [_filled(hole, reference if not number else "") for number, hole in enumerate(holes)]
    if b"\r\n" in code.source:
        bodies = [edit._replace(text=_LONE_LINE_END.sub(b"\r\n", edit.text)) for edit in bodies]
    for others in (remarks, []):
        shorter = edited(code.source, [*bodies, *_outside(others, holes)])
        if parse(shorter, code.grammar).is_faultless:
            return Skeleton(shorter, tuple(hole.part for hole in holes))
    return None


def _holes(code: CodeTree, focus: Focus) -> Iterator[_Hole]:
    """The outermost bodies; in a function that stays, nothing goes."""
    done = 0
    for function, body in code.functions():
        if body.start_byte < done:
            continue
        name = _name(function)
        if function.type == CLASS_WITH_DOCSTRING:
            hole = _docstring_hole(code, body, focus.docstrings)
            if hole is not None and name not in focus.names:
                yield hole
            continue
        if focus.touches(name, code.source[body.start_byte : body.end_byte]):
            done = body.end_byte
            continue
        if code.grammar.is_indented:
            hole = _indented_hole(code, body, focus.docstrings)
        else:
            hole = _hole(code, body)
        if hole is not None and _is_worth_a_marker(hole):
            done = body.end_byte
            yield hole


def _is_worth_a_marker(hole: _Hole) -> bool:
    lines = hole.part.last - hole.part.first + 1
    size_bytes = hole.end - hole.begin - len(hole.form)
    return lines > 1 and (lines >= BODY_LINES_MIN or size_bytes >= BODY_BYTES_MIN)


def _name(function: Node) -> bytes:
    node = function.child_by_field_name("name") or function.child_by_field_name("declarator")
    while node is not None and node.child_by_field_name("declarator") is not None:
        node = node.child_by_field_name("declarator")
    if node is None and function.parent is not None:  # a function that is given a name
        node = function.parent.child_by_field_name("name")
    return (node.text or b"") if node is not None else b""


def _hole(code: CodeTree, body: Node) -> _Hole | None:
    """What stands between braces, or in Ruby and its like between two words."""
    begin, end = body.start_byte, without_line_end(code.source, body.end_byte)
    text = code.source[begin:end]
    lines = Lines(body.start_point[0] + 1, body.end_point[0] + 1)
    if text.startswith(b"{") and text.endswith(b"}"):
        form = b"{\n: # %s\n}" if code.grammar.name == "bash" else b"{ /* %s */ }"
        return _Hole(begin, end, lines, form)
    if code.grammar.name in ("ruby", "lua", "elixir"):
        opening = code.grammar.line_comment.encode()
        is_line = code.source[end : end + 1] in (b"\n", b"\r")
        return _Hole(begin, end, lines, opening + b" %s") if is_line else None
    return None


def _indented_hole(code: CodeTree, body: Node, docstrings: bool) -> _Hole | None:
    """All but the docstring, of which the first sentence stays if it is wanted."""
    begin, line = body.start_byte, body.start_point[0] + 1
    indent = code.source[code.source.rfind(b"\n", 0, begin) + 1 : begin]
    if indent.strip():
        return None  # on the line of the signature
    kept = b""
    docstring = _docstring(body)
    if docstring is not None and docstrings:
        kept, shown_lines = _cut(code.source[begin : docstring.end_byte], _FIRST_SENTENCE)
        line += shown_lines
        kept += b"\n" + indent
    end = without_line_end(code.source, body.end_byte)
    return _Hole(begin, end, Lines(line, body.end_point[0] + 1), kept + b"...  # %s")


def _docstring_hole(code: CodeTree, body: Node, docstrings: bool) -> _Hole | None:
    """What stands at the head of a class, less its first paragraph if that is wanted."""
    docstring = _docstring(body)
    if docstring is None:
        return None
    begin, end = docstring.start_byte, docstring.end_byte
    kept, shown_lines = b"...", 0
    if docstrings:
        kept, shown_lines = _cut(code.source[begin:end], _FIRST_PARAGRAPH)
    first, last = docstring.start_point[0] + 1 + shown_lines, docstring.end_point[0] + 1
    if last - first + 1 < BODY_LINES_MIN or code.source[end : end + 1] not in (b"\n", b"\r", b""):
        return None
    return _Hole(begin, end, Lines(first, last), kept + b"  # %s")


def _docstring(body: Node) -> Node | None:
    if not body.named_child_count:
        return None
    statement = body.named_children[0]
    if statement.type == "expression_statement" and statement.named_child_count:
        statement = statement.named_children[0]
    return statement if statement.type == "string" else None


def _cut(docstring: bytes, to: re.Pattern[bytes]) -> tuple[bytes, int]:
    """A docstring cut to its beginning, and how many whole lines that took."""
    match = _DOCSTRING.fullmatch(docstring)
    first = to.match(match[3]) if match is not None else None
    if match is None or first is None or first[0].endswith((b"\\", match[2][:1])):
        return docstring, docstring.count(b"\n") + 1
    shown = first[0].strip() if b"\\" not in match[3] else first[0]
    is_whole_line = not match[3][first.end() :].split(b"\n", 1)[0].strip()
    return match[1] + match[2] + shown + match[2], first[0].count(b"\n") + is_whole_line


def _filled(hole: _Hole, reference: str) -> Edit:
    marker = str(hole.part)
    if reference:
        marker = (
            f"[bursar: bodies are left out, by their lines; the original: {reference}] {marker}"
        )
    return Edit(hole.begin, hole.end, hole.form.replace(b"%s", marker.encode()))


def _outside(edits: list[Edit], holes: list[_Hole]) -> Iterator[Edit]:
    """Edits that touch no body; both are in the order of the text, comments before blanks."""
    places = sorted((hole.begin, hole.end) for hole in holes)
    at = 0
    for edit in sorted(edits):
        while at < len(places) and places[at][1] <= edit.begin:
            at += 1
        if at == len(places) or edit.end <= places[at][0]:
            yield edit
