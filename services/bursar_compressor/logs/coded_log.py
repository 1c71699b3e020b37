"""A log as templates and columns: every line can be written again, byte by byte.

Level lossless. What is written is read back and compared before it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bursar_compressor.logs.columns import decoded, encoded, in_runs, run_out, words_of
from bursar_compressor.logs.lines import Constants, taken_apart
from bursar_compressor.logs.templates import Templates, lines_of, templates_of
from bursar_compressor.markers import CODED
from bursar_compressor.rewriting import Options, Rewritten, unchanged

METHOD = "log_columns"
LINES_MIN = 16
CRLF = "\r\n"
# Stands for a value in a template: the first that does not stand in the text.
PLACEHOLDERS = "~#¤§¦"
_SHARED_START = re.compile(r"(\d+)\|")
_LEGEND = re.compile(r"(\d+) lines.*?(\d+) templates.*?`(.)` is a value.*?(CRLF|LF)", re.DOTALL)


def rewrite(content: str, _: Options) -> Rewritten:
    """The coded form, if it decodes to exactly this text."""
    coded = encode(content)
    if not coded:
        return unchanged(content)
    if decode(coded) != content:
        return unchanged(content, "not used: it does not read back as it was")
    return Rewritten(coded, "lines as templates and columns of values")


def encode(content: str) -> str:
    """Empty where this form says nothing in fewer words."""
    end = CRLF if content.count(CRLF) == content.count("\n") else "\n"
    lines = content.split(end)
    placeholder = next((mark for mark in PLACEHOLDERS if mark not in content), "")
    if len(lines) < LINES_MIN or not placeholder or (end == CRLF and "\n" in "".join(lines)):
        return ""
    templates = templates_of(taken_apart(lines))
    words = words_of(templates.columns)
    return "\n".join(
        [
            _legend(len(lines), len(templates.constants), placeholder, end),
            *_template_lines(templates.constants, placeholder),
            " ".join(words),
            _order_line(templates.order),
            *encoded(templates.columns, words),
        ]
    )


def decode(coded: str) -> str:
    """The log again. Raises ValueError or IndexError for what `encode` never writes."""
    legend, *rest = coded.split("\n")
    found = _LEGEND.search(legend)
    if found is None:
        raise ValueError("no legend of a coded log")
    count = int(found[2])
    constants = list(_constants(rest[:count], found[3]))
    words = rest[count].split(" ")
    order = _order(rest[count + 1])
    templates = Templates(constants, order, decoded(rest[count + 2 :], words))
    return (CRLF if found[4] == "CRLF" else "\n").join(lines_of(templates))


def _legend(lines: int, templates: int, placeholder: str, end: str) -> str:
    return (
        f"{CODED}a log of {lines} lines, exactly. First {templates} templates, numbered from 0, in"
        f" which `{placeholder}` is a value; `3|` repeats the template above it up to its third"
        " value. Then words, called $0, $1 and so on. Then the number of each line's template. Then"
        " a column for each value, in the order of the templates, those that begin alike sharing"
        " theirs: v: values, d: differences to the value above, p3: three digits each, =2 same as"
        f" column 2; x*5 is x five times. Lines end in {'CRLF' if end == CRLF else 'LF'}.]"
    )


def _template_lines(every: list[Constants], placeholder: str) -> Iterator[str]:
    above: Constants = ()
    for constants in every:
        shared = 0
        while shared < min(len(above), len(constants)) - 1 and above[shared] == constants[shared]:
            shared += 1
        line = placeholder.join(constants[shared:])
        yield f"{shared}|{line}" if shared or _SHARED_START.match(line) else line
        above = constants


def _constants(lines: list[str], placeholder: str) -> Iterator[Constants]:
    above: Constants = ()
    for line in lines:
        start = _SHARED_START.match(line)
        shared = int(start[1]) if start else 0
        own = line[start.end() :] if start else line
        above = (*above[:shared], *own.split(placeholder))
        yield above


def _order_line(order: list[int]) -> str:
    """Runs, or three digits each: whichever is shorter."""
    runs = in_runs(map(str, order))
    if max(order) > 999 or len(runs) <= 2 * len(order):
        return runs
    return "p3:" + "".join([f"{number:03}" for number in order])


def _order(line: str) -> list[int]:
    digits = line.removeprefix("p3:")
    if digits is line or digits == line:
        return list(map(int, run_out(line)))
    return [int(digits[at : at + 3]) for at in range(0, len(digits), 3)]
