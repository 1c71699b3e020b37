"""Code as signatures."""

from __future__ import annotations

import ast

import pytest

from bursar_compressor.code.comments import without_comments
from bursar_compressor.code.focus import focus_of
from bursar_compressor.code.reading import read
from bursar_compressor.code.skeleton import Skeleton, skeleton
from bursar_compressor.code.tree import CodeTree
from code_samples import LANGUAGES, sample

REFERENCE = f"blob_{'0' * 64}"
WITHOUT_FUNCTIONS = ("sql",)
WITH_FUNCTIONS = [language for language in LANGUAGES if language not in WITHOUT_FUNCTIONS]

GO_FUNCTIONS = """package shop

func First(lines []string) int {
	sum := 0
	sum += len(lines[0])
	return sum
}

func Second(lines []string) int {
	count := 1
	count *= cap(lines)
	return count
}
"""


def parsed(content: str, language: str = "") -> CodeTree:
    code = read(content, language)
    assert isinstance(code, CodeTree), code
    return code


def made(content: str, language: str = "", query: str = "") -> Skeleton:
    shorter = skeleton(parsed(content, language), REFERENCE, focus_of(query))
    assert shorter is not None
    return shorter


@pytest.mark.parametrize("language", WITH_FUNCTIONS)
def test_in_every_language_it_parses_is_shorter_and_names_the_original(language: str) -> None:
    content = sample(language)
    shorter = made(content, language).source
    assert parsed(shorter.decode(), language).is_faultless
    assert len(shorter) < len(content.encode())
    assert shorter.count(REFERENCE.encode()) == 1


@pytest.mark.parametrize("language", WITH_FUNCTIONS)
def test_what_is_left_out_stands_at_the_lines_that_the_markers_name(language: str) -> None:
    content = sample(language)
    shorter = made(content, language)
    assert all(str(lines).encode() in shorter.source for lines in shorter.elided)
    gone = b"".join(lines.of(content.encode()) for lines in shorter.elided)
    bare = without_comments(parsed(content, language))
    assert bare is not None
    for line in bare.source.split(b"\n"):
        code = line.split(b"  #")[0].split(b"  //")[0].strip()
        assert all(word in gone or word in shorter.source for word in code.split())


def test_a_python_file_keeps_signatures_and_the_head_of_its_docstrings() -> None:
    assert made(sample("python")).source.decode() == (
        "#!/usr/bin/env python\n"
        "# Copyright 2020 The Authors. All rights reserved.\n"
        "# Licensed under the MIT licence.\n"
        '"""Orders and what they cost."""\n'
        "import os  # noqa: F401\n"
        "import sys\n"
        "LIMIT = 10\n"
        "class Order:\n"
        '    """An order."""'
        f"  # [bursar: bodies are left out, by their lines; the original: {REFERENCE}] L17-20\n"
        "    def total(self, prices: dict[str, int]) -> int:\n"
        '        """The sum."""\n'
        "        ...  # L23-35\n"
        "    def count(self) -> int:\n"
        "        return len(self.lines)\n"
    )


def test_the_function_that_a_query_names_stays_whole() -> None:
    shorter = made(GO_FUNCTIONS, "go", "why does Second give 1?").source.decode()
    assert "count *= cap(lines)" in shorter
    assert "sum += len(lines[0])" not in shorter


def test_the_function_that_a_patch_changes_stays_whole() -> None:
    patch = "@@ -9,5 +9,5 @@ package shop\n \tcount := 1\n-\tcount *= cap(lines)\n+\tcount++\n"
    shorter = made(GO_FUNCTIONS, "go", patch).source.decode()
    assert "count *= cap(lines)" in shorter
    assert "sum += len(lines[0])" not in shorter


def test_when_all_functions_are_asked_for_nothing_goes() -> None:
    code = parsed(GO_FUNCTIONS, "go")
    assert skeleton(code, REFERENCE, focus_of("compare First with Second")) is None


def test_a_body_on_the_line_of_its_signature_stays() -> None:
    assert (
        skeleton(
            parsed("def f(): return 'so long a text that a marker is shorter ' * 20\n", "python"),
            REFERENCE,
            focus_of(""),
        )
        is None
    )


def test_a_body_of_remarks_alone_does_no_harm() -> None:
    content = f"class A:\n    # nothing\n    # at all, {'though it takes room ' * 9}\n    pass\n"
    assert skeleton(parsed(content, "python"), REFERENCE, focus_of("")) is None


def test_a_docstring_with_escapes_still_parses() -> None:
    content = (
        'def f():\n    "One line."\n    a = 1\n    b = 2\n    return a + b\n\n\n'
        'def g():\n    r"""Two \\d.\n\n    More\\."""\n    a = 1\n    b = 2\n    return a + b\n'
    )
    read_again = ast.parse(made(content, "python").source.decode())
    assert [ast.get_docstring(f) for f in read_again.body if isinstance(f, ast.FunctionDef)] == [
        "One line.",
        "Two \\d.",
    ]


def test_docstrings_go_where_that_is_asked_for() -> None:
    code = parsed(sample("python"))
    shorter = skeleton(code, REFERENCE, focus_of("", docstrings=False))
    assert shorter is not None
    assert ast.parse(shorter.source)
    assert b"The sum." not in shorter.source
    assert b"An order." not in shorter.source


@pytest.mark.parametrize("language", WITH_FUNCTIONS)
def test_line_ends_stay_as_they_are_in_the_file(language: str) -> None:
    shorter = made(sample(language).replace("\n", "\r\n"), language).source
    assert shorter.count(b"\n") == shorter.count(b"\r\n")
