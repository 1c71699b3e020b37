"""The pieces that are kept of a middle are those that say most."""

from __future__ import annotations

import pytest

from bursar_compressor.boundaries import units
from bursar_compressor.detection import Kind
from bursar_compressor.extract import WEIGHED_CHARS_MAX, extract
from bursar_compressor.severity import is_severe, kind_of_line


def count(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    "text",
    [
        "One. Two! Three?\n\nFour\nfive",
        "x" * 2_000,
        "a b " * 600,
        '[{"a":1},{"b":[2,3]},4]\n',
        "\n\n\n",
        "line\n[bursar: the line above 3 more times]\nnext",
    ],
)
def test_the_units_of_a_text_are_the_text_again(kind, text):
    assert "".join(units(text, kind)) == text


def test_pieces_come_in_their_order_and_within_the_budget():
    text = "\n".join(["5 ok", "4 failed badly", "3 ok", "2 refused again", "1 ok"])

    assert extract(text, Kind.LOG, "", 7, count) == ["4 failed badly", "2 refused again"]


def test_the_first_failure_of_each_kind_comes_before_further_ones_of_the_same():
    lines = [f"ERROR request {number} failed" for number in range(50)] + ["ERROR disk is full"]

    kept = extract("\n".join(lines), Kind.LOG, "", 8, count)

    assert kept == ["ERROR request 0 failed", "ERROR disk is full"]


def test_a_piece_that_is_repeated_is_kept_once():
    kept = extract("failed here\nfailed here\nfailed here", Kind.LOG, "", 100, count)

    assert kept == ["failed here"]


def test_what_is_too_long_to_weigh_still_gives_its_failures_and_what_was_asked_for():
    ok = "2026-07-01 12:00:00 INFO all is well\n"
    lines = ok * (WEIGHED_CHARS_MAX // len(ok))
    text = f"{lines}the broker failed\n{lines}a drawbridge was raised\n{lines}"

    kept = extract(text, Kind.LOG, "drawbridge", 12, count)

    assert "the broker failed" in kept
    assert "a drawbridge was raised" in kept


@pytest.mark.parametrize(
    "line",
    [
        *("ERROR x", "java.lang.NullPointerException", "E   assert 1", "thread panicked at"),
        *("npm ERR! code 1", "3 failed, 2 passed", "Segfault", "Permission denied", "1 error"),
    ],
)
def test_lines_of_failure_are_severe(line):
    assert is_severe(line)


@pytest.mark.parametrize("line", ["0 errors", "no failures", "all went well", "E-mail sent", ""])
def test_lines_of_success_are_not(line):
    assert not is_severe(line)


def test_lines_that_differ_in_numbers_alone_are_of_one_kind():
    assert kind_of_line("took 12 ms at 0x7f3a") == kind_of_line("took 7 ms at 0x11")
    assert kind_of_line("took 12 ms") != kind_of_line("lost 12 ms")
