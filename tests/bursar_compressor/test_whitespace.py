"""Blanks without a meaning go; all others stay."""

from __future__ import annotations

import pytest

from bursar_compressor.detection import Kind
from bursar_compressor.whitespace import rewrite


def trimmed(content: str, kind: Kind) -> str:
    return rewrite(content, kind).content


def test_a_log_loses_blanks_at_line_ends_and_all_but_one_blank_line():
    assert trimmed("a  \n\t\n\n\nb\t\r\nc", Kind.LOG) == "a\n\nb\r\nc"


def test_indentation_is_never_touched():
    log = "a\n    b\n\tc\n"

    assert trimmed(log, Kind.LOG) == log


def test_prose_loses_single_blanks_but_keeps_markdown_line_breaks():
    assert trimmed("one \ntwo  \nthree\t\n\n\n\nfour", Kind.PROSE) == "one\ntwo  \nthree\n\nfour"


@pytest.mark.parametrize(
    "block",
    [
        "```\nx \n\n\n\ny\t\n```",
        "~~~~ python\nx \n```\n\n\n\ny \n~~~~",
        "```\nnever closed \n\n\n\ny ",
        "text\n\n    indented \n\n\n\n    code \n",
        "- a list\n     ```\n     nested \n     ```",
    ],
)
def test_blocks_of_code_in_prose_stay_as_they_are(block):
    assert trimmed(block, Kind.PROSE) == block


def test_what_stands_around_a_fence_is_trimmed():
    assert trimmed("a \n```\nx \n```\nb \n", Kind.PROSE) == "a\n```\nx \n```\nb\n"


@pytest.mark.parametrize(
    "code",
    [
        'text = """first \n\n\n\n\nlast \n"""\n',
        "const text = `first \n\n\n\n\nlast \n`;\n",
        'let text = "first \n\n\n\n\nlast \n";\n',
        "cat <<END\nfirst \n\n\n\n\nlast \nEND\n",
        "key: |\n  first \n\n\n\n\n  last \n'quoted'\n",
    ],
)
def test_strings_over_several_lines_stay_as_they_are(code):
    assert trimmed(code, Kind.CODE) == code


def test_code_keeps_two_blank_lines_where_no_string_can_be():
    assert trimmed("a = 1 \n\n\n\n\nb = 2\t\n", Kind.CODE) == "a = 1\n\n\nb = 2\n"


def test_a_patch_stays_as_it_is():
    patch = "diff --git a/x b/x\n@@ -1,3 +1,3 @@\n a \n \n-b \n+b\n"

    assert trimmed(patch, Kind.CODE) == patch
    assert trimmed(patch, Kind.LOG) == patch
