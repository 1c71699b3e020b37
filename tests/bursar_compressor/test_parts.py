"""A part of an original is named in few characters and gives exactly its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bursar.errors import InvalidRequest
from bursar_compressor.parts import Bytes, Lines, part_of


@given(st.lists(st.binary(max_size=5)), st.integers(1, 9), st.integers(0, 9))
def test_all_lines_in_parts_are_the_original(lines, first, further):
    original = b"\n".join(lines)
    part = Lines(first, first + further)
    rest = Lines(first + further + 1, 10**6)
    before = Lines(1, first - 1).of(original) if first > 1 else b""

    assert part_of(str(part)) == part
    assert before + part.of(original) + rest.of(original) == original


@given(st.binary(max_size=30), st.integers(0, 40), st.integers(0, 40))
def test_bytes_are_a_slice(original, begin, length):
    part = Bytes(begin, length)

    assert part_of(str(part)) == part
    assert part.of(original) == original[begin : begin + length]


@pytest.mark.parametrize("text", ["L0-3", "L5-4", "L1", "B1", "12-14", "L1-2 ", "l1-2", "B-1+2"])
def test_what_names_no_part_is_refused(text):
    with pytest.raises(InvalidRequest):
        part_of(text)
