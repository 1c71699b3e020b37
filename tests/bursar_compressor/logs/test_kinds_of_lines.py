"""A long log comes down to its kinds of lines; nothing unusual is lost, and all can be restored."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar_compressor.detection import Kind
from bursar_compressor.logs.kinds_of_lines import LINES_MIN, rewrite
from bursar_compressor.rewriting import Options

REFERENCE = f"blob_{'f' * 64}"
OPTIONS = Options(Kind.LOG, REFERENCE, len)
NUMBERED = re.compile(r"(\d+)(?: \(\d+ more to \d+\))?: (.*)", re.DOTALL)


def shown(content: str) -> dict[int, str]:
    """The lines that are left, by their numbers."""
    found = [NUMBERED.fullmatch(line) for line in content.split("\n")[1:]]
    return {int(line[1]): line[2] for line in found}


def log_of(lines: int, seed: int) -> list[str]:
    chance = Random(seed)
    return [
        f"12:{at // 60:02}:{at % 60:02} INFO request {chance.randrange(10**6)} from"
        f" 10.0.0.{chance.randrange(256)} status {chance.choice([200, 204])} took"
        f" {chance.randrange(5, 40)} ms"
        for at in range(lines)
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(300, 600),
    st.integers(0, 99),
    st.sampled_from(
        [
            "12:00:01 ERROR request 77 from 10.0.0.3 status 200 took 9 ms",
            "java.lang.NullPointerException: at Main.java:12",
            "a line like no other",
            "12:00:01 INFO request 5 from 10.0.0.3 status 503 took 9 ms",
            "12:00:01 INFO request 5 from 10.0.0.3 status 200 took 99481 ms",
            "segfault at 0x7f",
        ]
    ),
    st.data(),
)
def test_a_planted_line_that_is_unlike_the_others_is_always_shown(lines, seed, needle, data):
    log = log_of(lines, seed)
    at = data.draw(st.integers(0, lines))
    log.insert(at, needle)
    rewritten = rewrite("\n".join(log), OPTIONS)

    assert shown(rewritten.content)[at + 1] == needle
    assert len(rewritten.content) < len("\n".join(log)) / 5


@settings(max_examples=60, deadline=None)
@given(st.integers(LINES_MIN, 90), st.integers(0, 99))
def test_what_is_shown_and_what_is_left_out_are_together_the_log(lines, seed):
    original = "\n".join(log_of(lines, seed)).encode()
    rewritten = rewrite(original.decode(), OPTIONS)
    parts = {part.first: part.of(original) for part in rewritten.elided}
    parts |= {number: line.encode() for number, line in shown(rewritten.content).items()}
    whole = b"\n".join(text.removesuffix(b"\n") for _, text in sorted(parts.items()))

    assert whole == original
    assert REFERENCE in rewritten.content


def test_a_reader_sees_kinds_counts_and_failures():
    log = [f"10:00:{at:02} INFO step {at} done" for at in range(50)]
    log += [f"10:01:{at:02} ERROR step {at} failed" for at in range(9)]
    rewritten = rewrite("\n".join(log), OPTIONS)
    legend, *lines = rewritten.content.split("\n")

    assert legend.startswith("[bursar: 3 of 59 lines")
    assert lines == [
        "1 (49 more to 50): 10:00:00 INFO step 0 done",
        "51 (7 more to 58): 10:01:00 ERROR step 0 failed",
        "59: 10:01:08 ERROR step 8 failed",
    ]


@pytest.mark.parametrize("lines", [0, 1, LINES_MIN - 1])
def test_a_short_log_stays_as_it_is(lines):
    text = "\n".join(["10:00:00 INFO again"] * lines)

    assert rewrite(text, OPTIONS).content == text
