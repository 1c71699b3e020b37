"""A run of one line becomes the line and a count, from which the run can be written out."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bursar_compressor.repeated_lines import rewrite

REPEATED = re.compile(r"\[bursar: the line above (?:(\d+) more times|once more)\]")


def written_out(content: str) -> str:
    """What a reader takes the text to mean."""
    lines: list[str] = []
    for line in content.split("\n"):
        repeated = REPEATED.fullmatch(line)
        lines += [lines[-1]] * int(repeated[1] or 1) if repeated else [line]
    return "\n".join(lines)


LINES = st.lists(
    st.tuples(st.sampled_from(["a", "b", "", "  ", "c" * 20, "d " * 40]), st.integers(1, 60))
)


@given(LINES)
def test_every_line_can_be_written_out_again(runs):
    text = "\n".join(line for line, times in runs for _ in range(times))
    rewritten = rewrite(text).content

    assert written_out(rewritten) == text
    assert rewrite(rewritten).content == rewritten


LONG = "2026-07-01 12:00:00 WARN the broker has not answered yet"


def test_a_run_becomes_its_line_and_a_count():
    text = "\n".join(["start", LONG, LONG, LONG, "end", LONG, LONG])

    assert rewrite(text).content == "\n".join(
        [
            *("start", LONG, "[bursar: the line above 2 more times]"),
            *("end", LONG, "[bursar: the line above once more]"),
        ]
    )


def test_a_run_shorter_than_its_count_stays():
    text = "\n".join(["ok"] * 15)

    assert rewrite(text).content == text
    assert rewrite("\n".join(["ok"] * 20)).content == "ok\n[bursar: the line above 19 more times]"


def test_a_marker_is_never_counted_as_a_line():
    text = "\n".join(["[bursar: the line above 2 more times]"] * 9)

    assert rewrite(text).content == text
