"""What leads from one text to another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.errors import InvalidRequest
from bursar_compressor.context.deltas import COMPARED_LINES_MAX, applied, delta

BEFORE = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"


def test_a_changed_line_stands_between_two_that_stayed() -> None:
    assert delta(BEFORE, BEFORE.replace("four", "4")) == (
        "@@ -2,5 +2,5 @@\n two\n three\n-four\n+4\n five\n six"
    )


def test_the_same_text_has_no_delta() -> None:
    assert delta(BEFORE, BEFORE) == ""
    assert applied(BEFORE, "") == BEFORE


def test_a_delta_of_another_text_is_refused() -> None:
    changes = delta(BEFORE, BEFORE.replace("four", "4"))
    with pytest.raises(InvalidRequest):
        applied(BEFORE.replace("five", "5"), changes)


@pytest.mark.parametrize(
    "changes", ["no head", "@@ -1,1 +1,1 @@", "@@ -1,1 +1,1 @@\n*one", "@@ -0,1 +1,1 @@\n-one\n+1"]
)
def test_what_is_no_delta_is_refused(changes: str) -> None:
    with pytest.raises(InvalidRequest):
        applied(BEFORE, changes)


def test_very_different_long_texts_are_not_compared_line_by_line() -> None:
    before = "\n".join(f"a{number}" for number in range(2 * COMPARED_LINES_MAX))
    after = "\n".join(f"b{number}" for number in range(2 * COMPARED_LINES_MAX))
    assert applied(before, delta(before, after)) == after


TEXTS = st.lists(st.sampled_from(["a", "b", "", " c", "-d", "+e", "@@ f", "g\r"]), max_size=20).map(
    "\n".join
)


@settings(max_examples=300)
@given(before=TEXTS, after=TEXTS)
def test_a_delta_leads_to_the_other_text_byte_by_byte(before: str, after: str) -> None:
    assert applied(before, delta(before, after)) == after
