"""A run of one line becomes the line and a count, from which the run can be written out."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bursar_compressor.repeated_lines import rewrite

REPEATED = re.compile(r"\[bursar: the line above (\d+) more times\]")


def written_out(content: str) -> str:
    """What a reader takes the text to mean."""
    lines: list[str] = []
    for line in content.split("\n"):
        repeated = REPEATED.fullmatch(line)
        lines += [lines[-1]] * int(repeated[1]) if repeated else [line]
    return "\n".join(lines)


LINES = st.lists(st.tuples(st.sampled_from(["a", "b", "", "  ", "c c"]), st.integers(1, 6)))


@given(LINES)
def test_every_line_can_be_written_out_again(runs):
    text = "\n".join(line for line, times in runs for _ in range(times))
    rewritten = rewrite(text).content

    assert written_out(rewritten) == text
    assert rewrite(rewritten).content == rewritten


def test_two_equal_lines_stay_and_three_become_one_and_a_count():
    assert rewrite("a\na\nb").content == "a\na\nb"
    assert rewrite("a\na\na\nb").content == "a\n[bursar: the line above 2 more times]\nb"


def test_a_marker_is_never_counted_as_a_line():
    text = "\n".join(["[bursar: the line above 2 more times]"] * 4)

    assert rewrite(text).content == text
