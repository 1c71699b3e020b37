"""A coded log is the log again, byte by byte, and shorter where lines are alike."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar_compressor.detection import Kind
from bursar_compressor.logs.coded_log import LINES_MIN, PLACEHOLDERS, decode, encode, rewrite
from bursar_compressor.logs.columns import decoded, encoded, in_runs, run_out, words_of
from bursar_compressor.logs.lines import taken_apart
from bursar_compressor.rewriting import Options

FIELDS = st.sampled_from(
    [
        *("INFO", "WARN", "request", "of", "", "=", "5*3", "*", "$1", "\\", "\\5", "a~b", "3|x"),
        *("10.0.0.7:80", "0x7f", "007", "12", "123456", "9" * 25, "blk_-77", "٣", "é1", "\t", "\r"),
        "38101a0b-2096-447d-96ea-a692162415ae",
    ]
)
LINES = st.lists(FIELDS, max_size=7).map(" ".join)
LOGS = st.builds(
    lambda lines, numbers, end: end.join(
        line.replace("123456", str(number)) for number in numbers for line in lines
    ),
    st.lists(LINES, min_size=1, max_size=6),
    st.lists(st.integers(0, 10**7), min_size=1, max_size=20),
    st.sampled_from(["\n", "\r\n"]),
)


@settings(max_examples=500, deadline=None)
@given(LOGS | st.text(st.sampled_from("ab 1\n\r~#¤*$"), max_size=200))
def test_what_is_coded_reads_back_byte_by_byte(log):
    coded = encode(log)

    assert not coded or decode(coded) == log


@given(st.lists(LINES))
def test_constants_and_values_in_turn_are_the_line(lines):
    for line, found in zip(lines, taken_apart(lines), strict=True):
        pieces = [""] * (2 * len(found.values) + 1)
        pieces[::2], pieces[1::2] = found.constants, found.values
        assert "".join(pieces) == line


VALUES = st.lists(
    st.sampled_from(["1", "2", "10", "011", "-3", "a*2", "$0", "\\", "a-word-of-six", "٣"])
    | st.integers(0, 10**20).map(str),
    min_size=1,
)


@given(st.lists(VALUES, min_size=1))
def test_columns_read_back_as_they_were(columns):
    words = words_of(columns)

    assert decoded(encoded(columns, words), words) == columns


@given(st.lists(st.text("ab\\", min_size=1, max_size=2), min_size=1))
def test_runs_read_back_as_they_were(texts):
    assert run_out(in_runs(texts)) == texts


def test_a_log_reads_as_templates_and_columns():
    lines = [f"12:00:{second:02} INFO request {900 + second} done" for second in range(40)]
    coded = encode("\n".join(lines))
    legend, *rest = coded.split("\n")

    assert legend.startswith("[bursar: coded: a log of 40 lines, exactly.")
    assert rest == [
        "12:00:~ INFO request ~ done",
        "",
        "0*40",
        "p2:" + "".join(f"{second:02}" for second in range(40)),
        "d:900 1*39",
    ]


@pytest.mark.parametrize(
    "text",
    ["", "\n" * (LINES_MIN - 2), PLACEHOLDERS + "\n" * 99, "a\r\n" * 50 + "b\n" + "a\r\n" * 50],
)
def test_what_this_form_has_no_room_for_stays_as_it_is_or_reads_back(text):
    rewritten = rewrite(text, Options(Kind.LOG, "", len))

    assert rewritten.content == text or decode(rewritten.content) == text
