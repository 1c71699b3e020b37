"""The blocks of a text have as many tokens as the text, and a change leaves most of them alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bursar.tokens.cache import CountCache
from bursar.tokens.texts import count_text
from bursar_compressor import counting

PIECES = st.sampled_from(
    [
        *("\n", "\n\n", " \n", "\r\n", "\n\r", "/", "//", "./", " ", "  ", "\t", "a", " a", "word"),
        *(
            "1",
            "123456",
            "'s",
            "...",
            "漢字",
            "é",
            "\u2028",
            "\x85",
            "-\n/",
            "}\n",
            "\n  x",
            "🦊",
            "\v",
        ),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=60), st.sampled_from(["gpt-4o", "gpt-4", "claude-opus-4-1"]))
def test_blocks_have_as_many_tokens_as_the_text(pieces, model):
    text = "".join(pieces) * 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "BLOCK_CHARS_MIN", 1)
        patch.setattr(counting, "BLOCK_CHARS_MAX", 2)
        assert "".join(counting.blocks(text)) == text
        assert counting.count(text, model, CountCache()) == count_text(text, model)


def test_a_changed_line_leaves_most_blocks_as_they_were():
    lines = [f"2026-07-01 12:00:00 INFO step {number} of the run" for number in range(5_000)]
    before = list(counting.blocks("\n".join(lines)))
    lines.insert(2_500, "a line that was not there")
    after = list(counting.blocks("\n".join(lines)))

    assert len(before) > 40
    assert len(set(before) - set(after)) <= 2


def test_json_in_one_line_has_blocks_too():
    text = json.dumps([{"name": f"item {number}", "state": "open"} for number in range(3_000)])

    assert len(list(counting.blocks(text))) > 30
    assert counting.count(text, "gpt-4o", CountCache()) == count_text(text, "gpt-4o")


def test_a_text_without_places_to_end_is_one_block():
    assert list(counting.blocks("x" * 99_999)) == ["x" * 99_999]
    assert list(counting.blocks("")) == [""]
