"""Comments out of code, the syntax tree staying equal."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar_compressor.code.comments import without_comments
from bursar_compressor.code.reading import read
from bursar_compressor.code.tree import CodeTree
from bursar_compressor.parts import Lines
from code_samples import LANGUAGES, leaves, sample

REFERENCE = f"blob_{'0' * 64}"
BARE_PYTHON_LINES = (7, 8, 9, 12, 13, 14, 20, 21, 26, 29, 35, 36, 37)  # in no text


def parsed(content: str, language: str = "") -> CodeTree:
    code = read(content, language)
    assert isinstance(code, CodeTree), code
    return code


def uncommented(content: str, language: str = "") -> str:
    shorter = without_comments(parsed(content, language))
    return content if shorter is None else shorter.source.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_keeps_every_token_and_loses_its_remarks(language: str) -> None:
    content = sample(language)
    shorter = uncommented(content)
    assert leaves(parsed(shorter, language)) == leaves(parsed(content))
    assert "in cents" not in shorter
    assert "how it is known" not in shorter
    assert len(shorter) < len(content)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_out_already_stays_as_it_is(language: str) -> None:
    once = uncommented(sample(language))
    assert uncommented(once, language) == once


def test_python_keeps_shebang_licence_docstrings_and_directives() -> None:
    shorter = uncommented(sample("python"))
    for kept in ("#!/usr/bin/env python", "# Copyright 2020", "# noqa: F401", "# type: ignore"):
        assert kept in shorter
    assert "Not asked for by most readers." in shorter
    assert "# that keeps its blanks" in shorter


@pytest.mark.parametrize(
    ("language", "directive"),
    [
        ("typescript", "// @ts-nocheck"),
        ("typescript", "/* eslint-disable no-console */"),
        ("go", "//go:build linux"),
        ("java", "/* Copyright 2020 The Authors. */"),
        ("cpp", "// NOLINT"),
        ("ruby", "# frozen_string_literal: true"),
        ("bash", "# shellcheck disable=SC2086"),
    ],
)
def test_directives_stay(language: str, directive: str) -> None:
    assert directive in uncommented(sample(language))


def test_the_comment_that_go_compiles_as_c_stays() -> None:
    content = 'package a\n\n// #include <math.h>\nimport "C"\n\n// a remark\nvar x = 1\n'
    assert "#include <math.h>" in uncommented(content, "go")
    assert "a remark" not in uncommented(content, "go")


def test_inline_script_metadata_stays() -> None:
    content = '# /// script\n# dependencies = ["rich"]\n# ///\n\n# a remark\nimport rich\n'
    assert uncommented(content, "python") == (
        '# /// script\n# dependencies = ["rich"]\n# ///\nimport rich\n'
    )


def test_a_comment_between_two_tokens_leaves_them_apart() -> None:
    assert uncommented("int/* of */x = 1;\n", "c") == "int x = 1;\n"


def test_a_comment_that_ends_a_line_in_javascript_still_ends_it() -> None:
    content = "function f() {\n  return /* over\n two lines */ 1;\n}\n"
    assert leaves(parsed(uncommented(content, "javascript"), "javascript")) == leaves(
        parsed(content, "javascript")
    )


def test_code_with_a_fault_is_not_read() -> None:
    assert read("def f(:\n    pass\n", "python") == (
        "left as it is: no grammar reads it without fault"
    )


def test_code_too_deep_to_compare_is_left_alone() -> None:
    # Writing the tree of this down would end the process.
    deep = f"x = ({'1+' * 4_000}\n{'1+' * 4_000}\n{'1+' * 4_000}1)\n"
    assert read(deep, "python") == "left as it is: nested too deeply"


def test_what_a_parser_would_take_long_with_is_not_given_to_it() -> None:
    assert read("x = 1\n" * 100_000, "python") == "left as it is: more than 524288 bytes of code"
    assert read(f"var a = [{'1,' * 10_000}];\n", "javascript") == "left as it is: minified"
    assert read("x = '\ud800'\n", "python") == ("left as it is: it holds characters that are none")


def test_the_first_remark_gives_way_to_the_reference_and_all_are_named() -> None:
    shorter = without_comments(parsed("x = 1  # one\n# two\n# three\ny = 2\n", "python"), REFERENCE)
    assert shorter is not None
    assert shorter.source.decode() == (
        f"x = 1  # [bursar: comments are left out; the original: {REFERENCE}]\ny = 2\n"
    )
    assert shorter.elided == (Lines(1, 1), Lines(2, 2), Lines(3, 3))


@settings(max_examples=60)
@given(
    places=st.lists(st.sampled_from(BARE_PYTHON_LINES), max_size=8, unique=True),
    blanks=st.lists(st.sampled_from(BARE_PYTHON_LINES), max_size=8, unique=True),
)
def test_remarks_and_blank_lines_anywhere_never_change_what_python_reads(
    places: list[int], blanks: list[int]
) -> None:
    lines = sample("python").split("\n")
    for place in places:
        lines[place] += "  # surely a remark"
    for blank in sorted(blanks, reverse=True):
        lines[blank:blank] = ["", "    \t"]
    content = "\n".join(lines)
    shorter = uncommented(content, "python")
    assert ast.dump(ast.parse(shorter)) == ast.dump(ast.parse(content))
    assert "surely" not in shorter
